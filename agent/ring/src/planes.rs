//! The planes of a picture: I420, as `GStreamer` lays it out.

use std::ops::{Range, RangeInclusive};

/// Width and height of a display, pixels.
pub const WIDTHS: RangeInclusive<u32> = 16..=7680;
/// See [`WIDTHS`].
pub const HEIGHTS: RangeInclusive<u32> = 16..=4320;
/// Refresh rate of a display, Hz.
pub const REFRESH_RATES: RangeInclusive<u32> = 1..=240;

/// The size of a picture, and with it where its planes lie: luma, then both chromas of half the size. Rows are padded to
/// multiples of 4 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planes {
    width: u32,
    height: u32,
}

/// A size that pictures cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "invalid size {0}x{1}: expected an even width from {low} to {wide} and an even height from {low} to {high}",
    low = WIDTHS.start(), wide = WIDTHS.end(), high = HEIGHTS.end()
)]
pub struct SizeError(pub u32, pub u32);

impl Planes {
    /// The planes of a picture of this size, pixels.
    pub fn new(width: u32, height: u32) -> Result<Self, SizeError> {
        let even = width.is_multiple_of(2) && height.is_multiple_of(2);
        if even && WIDTHS.contains(&width) && HEIGHTS.contains(&height) {
            Ok(Self { width, height })
        } else {
            Err(SizeError(width, height))
        }
    }

    /// Pixels.
    pub fn width(self) -> u32 {
        self.width
    }

    /// Pixels.
    pub fn height(self) -> u32 {
        self.height
    }

    /// Bytes from row to row of the luma.
    pub fn luma_stride(self) -> u32 {
        self.width.next_multiple_of(4)
    }

    /// Bytes from row to row of a chroma.
    pub fn chroma_stride(self) -> u32 {
        (self.width / 2).next_multiple_of(4)
    }

    /// The bytes of the luma.
    fn luma(self) -> usize {
        self.luma_stride() as usize * self.height as usize
    }

    /// The bytes of one chroma.
    fn chroma(self) -> usize {
        self.chroma_stride() as usize * self.height as usize / 2
    }

    /// The bytes of the whole picture.
    pub fn bytes(self) -> usize {
        self.luma() + 2 * self.chroma()
    }

    /// Where Y, U and V lie in the picture.
    pub fn ranges(self) -> [Range<usize>; 3] {
        let (luma, chroma) = (self.luma(), self.chroma());
        [0..luma, luma..luma + chroma, luma + chroma..luma + 2 * chroma]
    }

    /// The planes in the memory of a picture. `None`: it is too short.
    pub fn split(self, picture: &[u8]) -> Option<[&[u8]; 3]> {
        let (y, rest) = picture.split_at_checked(self.luma())?;
        let (u, rest) = rest.split_at_checked(self.chroma())?;
        Some([y, u, rest.get(..self.chroma())?])
    }

    /// The same, to be written.
    pub fn split_mut(self, picture: &mut [u8]) -> Option<[&mut [u8]; 3]> {
        let (y, rest) = picture.split_at_mut_checked(self.luma())?;
        let (u, rest) = rest.split_at_mut_checked(self.chroma())?;
        Some([y, u, rest.get_mut(..self.chroma())?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_are_where_gstreamer_expects_them() {
        // Offsets and size of gst_video_info_set_format(I420).
        for (width, height, strides, starts, bytes) in [
            (1280, 720, (1280, 640), [0, 921_600, 1_152_000], 1_382_400),
            (1366, 768, (1368, 684), [0, 1_050_624, 1_313_280], 1_575_936),
            (854, 480, (856, 428), [0, 410_880, 513_600], 616_320),
            (1300, 720, (1300, 652), [0, 936_000, 1_170_720], 1_405_440),
            (16, 16, (16, 8), [0, 256, 320], 384),
            (18, 18, (20, 12), [0, 360, 468], 576),
        ] {
            let planes = Planes::new(width, height).unwrap();
            assert_eq!((planes.luma_stride(), planes.chroma_stride()), strides, "{width}x{height}");
            assert_eq!(planes.ranges().map(|range| range.start), starts, "{width}x{height}");
            assert_eq!((planes.bytes(), planes.ranges()[2].end), (bytes, bytes), "{width}x{height}");
        }
    }

    #[test]
    fn sizes_that_cannot_be_are_refused() {
        for (width, height) in [(0, 0), (14, 16), (16, 14), (17, 16), (16, 17), (7682, 16), (16, 4322), (u32::MAX, 2)] {
            let error = Planes::new(width, height).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{width}x{height}")) && error.contains("even width from 16 to 7680"),
                "{error}"
            );
        }
    }

    #[test]
    fn memory_that_is_too_short_has_no_planes() {
        let planes = Planes::new(18, 18).unwrap();
        let mut picture = vec![0; planes.bytes()];
        let lengths = planes.split(&picture).unwrap().map(<[u8]>::len);
        assert_eq!(lengths, planes.ranges().map(|range| range.len()));
        assert_eq!(planes.split_mut(&mut picture).unwrap().map(|plane| plane.len()), lengths);
        picture.pop();
        assert!(planes.split(&picture).is_none() && planes.split_mut(&mut picture).is_none());
    }
}
