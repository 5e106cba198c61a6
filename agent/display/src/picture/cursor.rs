//! The cursor, put into a picture that is converted already: the pixels below it are taken once more, blended and converted
//! apart. That costs microseconds, and no composition of the whole picture.

use super::convert::{ConvertError, Pixels, convert};
use dillinger_ring::planes::Planes;

/// An image of the pointer. Its pixels have blue first and premultiplied alpha.
#[derive(Debug, Clone)]
pub struct Cursor {
    /// Rows without padding.
    pub pixels: Vec<u8>,
    /// Pixels.
    pub width: i32,
    /// Pixels.
    pub height: i32,
    /// What is at the pointer's place.
    pub hotspot: (i32, i32),
}

/// A part of a picture with even sides at even places, as chroma has half the resolution.
#[derive(Debug, Clone, Copy)]
struct Patch {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

impl Patch {
    /// What the cursor covers, if anything of it is seen. At least 16 pixels a side, as planes are.
    fn below(cursor: &Cursor, (left, top): (i32, i32), picture: Pixels<'_>) -> Option<Self> {
        let side = |start: i32, length: i32, whole: u32| {
            let whole = i32::try_from(whole).ok()?;
            let (low, high) = (start.max(0), start.checked_add(length)?.min(whole));
            if low >= high {
                return None;
            }
            let length = ((high - low + 3) & !1).max(16).min(whole);
            // Not beyond the other end.
            let low = (low & !1).min(whole - length);
            Some((usize::try_from(low).ok()?, usize::try_from(length).ok()?))
        };
        let (x, width) = side(left, cursor.width, picture.width)?;
        let (y, height) = side(top, cursor.height, picture.height)?;
        Some(Self { x, y, width, height })
    }

    /// The pixels of the picture, without padding.
    fn pixels(self, picture: Pixels<'_>) -> Option<Vec<u8>> {
        let mut pixels = Vec::with_capacity(self.width * self.height * 4);
        for row in self.y..self.y + self.height {
            let start = row * picture.stride as usize + self.x * 4;
            pixels.extend_from_slice(picture.bytes.get(start..start + self.width * 4)?);
        }
        Some(pixels)
    }
}

/// Draws the cursor over the picture `from` in the planes `to`, with its hotspot at a place of the picture.
pub fn draw(
    cursor: &Cursor,
    place: (i32, i32),
    from: Pixels<'_>,
    planes: Planes,
    to: &mut [u8],
) -> Result<(), ConvertError> {
    let corner = (place.0.saturating_sub(cursor.hotspot.0), place.1.saturating_sub(cursor.hotspot.1));
    let Some(patch) = Patch::below(cursor, corner, from) else { return Ok(()) };
    let Some(mut pixels) = patch.pixels(from) else { return Ok(()) };
    blend(cursor, corner, patch, from.red_first, &mut pixels);
    let [width, height] = [patch.width, patch.height].map(|side| u32::try_from(side).unwrap_or_default());
    let Ok(small) = Planes::new(width, height) else { return Ok(()) };
    let mut converted = vec![0; small.bytes()];
    let pixels = Pixels { bytes: &pixels, width, height, stride: width * 4, red_first: from.red_first };
    convert(pixels, small, &mut converted)?;
    put(&converted, small, patch, planes, to);
    Ok(())
}

/// The cursor over the pixels of the patch.
fn blend(cursor: &Cursor, (left, top): (i32, i32), patch: Patch, red_first: bool, pixels: &mut [u8]) {
    let place = |at: usize, start: i32, length: i32| {
        let place = i32::try_from(at).ok()?.checked_sub(start)?;
        if (0..length).contains(&place) { usize::try_from(place).ok() } else { None }
    };
    let width = usize::try_from(cursor.width).unwrap_or_default();
    for (row, line) in pixels.chunks_exact_mut(patch.width * 4).enumerate() {
        let Some(y) = place(patch.y + row, top, cursor.height) else { continue };
        for (column, pixel) in line.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            let Some(x) = place(patch.x + column, left, cursor.width) else { continue };
            let start = (y * width + x) * 4;
            let Some(&[blue, green, red, alpha]) = cursor.pixels.get(start..start + 4) else { continue };
            let ink = if red_first { [red, green, blue] } else { [blue, green, red] };
            for (below, ink) in pixel.iter_mut().zip(ink) {
                let kept = (u16::from(*below) * u16::from(255 - alpha) + 127) / 255;
                *below = u8::try_from(u16::from(ink) + kept).unwrap_or(u8::MAX);
            }
        }
    }
}

/// The planes of the patch into those of the picture.
fn put(from: &[u8], small: Planes, patch: Patch, planes: Planes, to: &mut [u8]) {
    let (Some(from), Some(to)) = (small.split(from), planes.split_mut(to)) else { return };
    let luma = (small.luma_stride(), planes.luma_stride(), 1);
    let chroma = (small.chroma_stride(), planes.chroma_stride(), 2);
    for ((from, to), (small, large, part)) in from.into_iter().zip(to).zip([luma, chroma, chroma]) {
        let rows = from.chunks_exact(small as usize).zip(to.chunks_exact_mut(large as usize).skip(patch.y / part));
        for (from, to) in rows.take(patch.height / part) {
            let (start, length) = (patch.x / part, patch.width / part);
            if let (Some(from), Some(to)) = (from.get(..length), to.get_mut(start..start + length)) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// An arrow, for programs that name a cursor instead of drawing one.
pub fn arrow() -> Cursor {
    const ROWS: [&str; 16] = [
        "#...........",
        "##..........",
        "#o#.........",
        "#oo#........",
        "#ooo#.......",
        "#oooo#......",
        "#ooooo#.....",
        "#oooooo#....",
        "#ooooooo#...",
        "#oooooooo#..",
        "#ooooo#####.",
        "#oo#oo#.....",
        "#o#.#oo#....",
        "##..#oo#....",
        "#....#oo#...",
        ".....###....",
    ];
    let pixels = ROWS.iter().flat_map(|row| row.bytes()).flat_map(|ink| match ink {
        b'#' => [0, 0, 0, 255],
        b'o' => [255; 4],
        _ => [0; 4],
    });
    Cursor { pixels: pixels.collect(), width: 12, height: 16, hotspot: (0, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(seed: usize, length: usize) -> Vec<u8> {
        (0..length).map(|at| u8::try_from((at + seed) * 2_654_435_761 % 1_000_003 % 256).unwrap()).collect()
    }

    /// The picture with the cursor, converted as a whole.
    fn expected(cursor: &Cursor, (left, top): (i32, i32), picture: Pixels<'_>, planes: Planes) -> Vec<u8> {
        let mut bytes = picture.bytes.to_vec();
        for (y, row) in (top..).zip(cursor.pixels.chunks_exact(usize::try_from(cursor.width).unwrap() * 4)) {
            for (x, ink) in (left..).zip(row.as_chunks::<4>().0) {
                let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { continue };
                if x < picture.width && y < picture.height {
                    let pixel = &mut bytes[(y * picture.stride + x * 4) as usize..][..4];
                    let order = if picture.red_first { [2, 1, 0] } else { [0, 1, 2] };
                    for (below, channel) in pixel.iter_mut().zip(order) {
                        let kept = u32::from(*below) * u32::from(255 - ink[3]);
                        *below = u8::try_from(u32::from(ink[channel]) + (kept + 127) / 255).unwrap_or(255);
                    }
                }
            }
        }
        let mut converted = vec![0; planes.bytes()];
        convert(Pixels { bytes: &bytes, ..picture }, planes, &mut converted).unwrap();
        converted
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        /// Wherever it is, and whatever sizes the two have: nothing else changes, and nothing of it is missing.
        #[test]
        fn a_cursor_in_planes_is_one_in_the_picture(
            (width, height) in (8..40u32, 8..40u32).prop_map(|(width, height)| (width * 2, height * 2)),
            (across, down) in (1..70i32, 1..70i32),
            place in (-80..160i32, -80..160i32),
            hotspot in (-5..40i32, -5..40i32),
            red_first: bool,
            alpha in prop_oneof![Just(255u8), Just(0), any::<u8>()],
            padding in 0..3u32,
        ) {
            let stride = (width + padding) * 4;
            let bytes = noise(1, (stride * height) as usize);
            let picture = Pixels { bytes: &bytes, width, height, stride, red_first };
            let mut pixels = noise(7, usize::try_from(across * down).unwrap() * 4);
            for pixel in pixels.as_chunks_mut::<4>().0 {
                *pixel = pixel.map(|channel| channel.min(alpha));
                pixel[3] = alpha;
            }
            let cursor = Cursor { pixels, width: across, height: down, hotspot };
            let planes = Planes::new(width, height).unwrap();
            let mut drawn = vec![0; planes.bytes()];
            convert(picture, planes, &mut drawn).unwrap();
            draw(&cursor, place, picture, planes, &mut drawn).unwrap();
            let corner = (place.0 - hotspot.0, place.1 - hotspot.1);
            let expected = expected(&cursor, corner, picture, planes);
            let off = drawn.iter().zip(&expected).position(|(one, other)| one != other);
            prop_assert_eq!(off, None);
        }
    }

    #[test]
    fn places_beyond_all_numbers_are_none() {
        let (bytes, planes) = (noise(1, 16 * 16 * 4), Planes::new(16, 16).unwrap());
        let picture = Pixels { bytes: &bytes, width: 16, height: 16, stride: 64, red_first: false };
        let mut planes_before = vec![0; planes.bytes()];
        convert(picture, planes, &mut planes_before).unwrap();
        for (place, hotspot) in [((i32::MAX, 0), (-1, 0)), ((i32::MIN, i32::MIN), (1, 1)), ((0, 0), (i32::MIN, 0))] {
            let cursor = Cursor { hotspot, ..arrow() };
            let mut drawn = planes_before.clone();
            draw(&cursor, place, picture, planes, &mut drawn).unwrap();
            assert_eq!(drawn, planes_before);
        }
    }

    #[test]
    fn the_arrow_is_a_whole_image() {
        let arrow = arrow();
        assert_eq!(arrow.pixels.len(), usize::try_from(arrow.width * arrow.height * 4).unwrap());
        assert_eq!(arrow.pixels[..4], [0, 0, 0, 255], "its tip is at its hotspot");
    }
}
