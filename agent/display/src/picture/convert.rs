//! From the pixels of programs to the planes of the streamer: BT.709 with limited range, which is what browsers take a
//! picture for if nothing else is said.

use dillinger_ring::planes::Planes;
use yuv::{BufferStoreMut, YuvConversionMode, YuvPlanarImageMut, YuvRange, YuvStandardMatrix};

/// Rows of pixels of 4 bytes: three colours and alpha (premultiplied) or nothing.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// The rows, each with its padding.
    pub bytes: &'a [u8],
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bytes from row to row.
    pub stride: u32,
    /// Red first; otherwise blue.
    pub red_first: bool,
}

/// Why there are no planes.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// They are for a picture of another size.
    #[error("a picture of {0}x{1} for planes of {2}x{3}")]
    Size(u32, u32, u32, u32),
    /// The picture's own description does not fit.
    #[error("the picture cannot be converted: {0}")]
    Picture(#[from] yuv::YuvError),
}

/// Converts a picture into the memory of a slot.
pub fn convert(from: Pixels<'_>, planes: Planes, to: &mut [u8]) -> Result<(), ConvertError> {
    let Pixels { bytes, width, height, stride, red_first } = from;
    let wrong = ConvertError::Size(width, height, planes.width(), planes.height());
    if (width, height) != (planes.width(), planes.height()) {
        return Err(wrong);
    }
    let Some([y, u, v]) = planes.split_mut(to) else { return Err(wrong) };
    let mut image = YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: planes.luma_stride(),
        u_plane: BufferStoreMut::Borrowed(u),
        u_stride: planes.chroma_stride(),
        v_plane: BufferStoreMut::Borrowed(v),
        v_stride: planes.chroma_stride(),
        width,
        height,
    };
    let convert = if red_first { yuv::rgba_to_yuv420 } else { yuv::bgra_to_yuv420 };
    let (range, matrix) = (YuvRange::Limited, YuvStandardMatrix::Bt709);
    Ok(convert(&mut image, bytes, stride, range, matrix, YuvConversionMode::Balanced)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each plane has of a picture of this colour.
    fn planes_of(blue: u8, green: u8, red: u8, red_first: bool) -> [u8; 3] {
        let planes = Planes::new(18, 16).unwrap();
        let pixel = if red_first { [red, green, blue, 7] } else { [blue, green, red, 7] };
        let (bytes, mut picture) = (pixel.repeat(18 * 16), vec![0; planes.bytes()]);
        let pixels = Pixels { bytes: &bytes, width: 18, height: 16, stride: 72, red_first };
        convert(pixels, planes, &mut picture).unwrap();
        let strides = [planes.luma_stride(), planes.chroma_stride(), planes.chroma_stride()];
        let parts = planes.split(&picture).unwrap();
        std::array::from_fn(|plane| {
            let width = if plane == 0 { 18 } else { 9 };
            let mut seen = parts[plane].chunks_exact(strides[plane] as usize).flat_map(|row| &row[..width]);
            let first = *seen.next().unwrap();
            assert!(seen.all(|value| *value == first), "right to the last column and row");
            first
        })
    }

    /// The same by the book.
    fn by_the_book(blue: u8, green: u8, red: u8) -> [f64; 3] {
        let [blue, green, red] = [blue, green, red].map(|channel| f64::from(channel) / 255.0);
        let luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        let chroma = |channel: f64, scale: f64| 128.0 + 224.0 * (channel - luma) / scale;
        [16.0 + 219.0 * luma, chroma(blue, 1.8556), chroma(red, 1.5748)]
    }

    #[test]
    fn colors_are_those_of_bt_709_with_limited_range() {
        let levels = [0, 1, 77, 128, 254, 255];
        for blue in levels {
            for (green, red) in levels.into_iter().flat_map(|green| levels.map(|red| (green, red))) {
                let expected = by_the_book(blue, green, red);
                for red_first in [false, true] {
                    let is = planes_of(blue, green, red, red_first);
                    let near = is.iter().zip(expected).all(|(is, expected)| (f64::from(*is) - expected).abs() <= 1.0);
                    assert!(near, "{blue} {green} {red}: {is:?} instead of {expected:?}");
                }
            }
        }
        assert_eq!(planes_of(0, 0, 0, false), [16, 128, 128]);
        assert_eq!(planes_of(255, 255, 255, false), [235, 128, 128]);
    }

    #[test]
    fn the_padding_of_rows_is_not_looked_at() {
        let planes = Planes::new(16, 16).unwrap();
        let picture = |padding: u8| {
            let mut row = [9, 8, 7, 6].repeat(16);
            row.extend([padding; 12]);
            let (bytes, mut picture) = (row.repeat(16), vec![0; planes.bytes()]);
            let pixels = Pixels { bytes: &bytes, width: 16, height: 16, stride: 76, red_first: false };
            convert(pixels, planes, &mut picture).unwrap();
            picture
        };
        assert_eq!(picture(0), picture(255));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (bytes, planes) = (vec![0; 16 * 16 * 4], Planes::new(16, 16).unwrap());
        let pixels = Pixels { bytes: &bytes, width: 16, height: 16, stride: 64, red_first: false };
        let mut picture = vec![0; planes.bytes()];
        for (pixels, planes) in [
            (pixels, Planes::new(18, 16).unwrap()),
            (Pixels { height: 18, ..pixels }, planes),
            (Pixels { bytes: &bytes[4..], ..pixels }, planes),
            (Pixels { stride: 60, ..pixels }, planes),
            (Pixels { stride: 68, ..pixels }, planes),
        ] {
            assert!(convert(pixels, planes, &mut picture).is_err(), "{}x{}", pixels.stride, pixels.height);
        }
        picture.pop();
        assert!(convert(pixels, planes, &mut picture).is_err());
    }
}
