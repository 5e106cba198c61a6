//! From the planes of the display server to what encoders and screenshots take.
//!
//! BT.709 with limited range: what browsers take a picture of this size for if nothing else is said.

use dillinger_ring::planes::Planes;
use yuv::{YuvError, YuvPlanarImage, YuvRange, YuvStandardMatrix};

/// How an encoder wants its pictures, with rows padded to multiples of 4 bytes as `GStreamer` has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Three planes: those of the display server.
    I420,
    /// A plane of luma, one of both chromas.
    Nv12,
}

impl Layout {
    /// The bytes of a picture.
    pub fn bytes(self, planes: Planes) -> usize {
        match self {
            Self::I420 => planes.bytes(),
            Self::Nv12 => planes.luma_stride() as usize * planes.height() as usize / 2 * 3,
        }
    }
}

/// Both chromas in one plane; `target` gets the picture. One that is too short becomes nothing.
pub fn interleave(picture: &[u8], planes: Planes, target: &mut Vec<u8>) {
    target.clear();
    let Some([y, u, v]) = planes.split(picture) else { return };
    target.extend_from_slice(y);
    let (half, stride) = (planes.width() as usize / 2, planes.chroma_stride() as usize);
    for (u, v) in u.chunks_exact(stride).zip(v.chunks_exact(stride)) {
        target.extend(u.iter().zip(v).take(half).flat_map(|(u, v)| [*u, *v]));
        target.resize(target.len().next_multiple_of(planes.luma_stride() as usize), 0);
    }
}

/// Pixels of red, green and blue, without padding. Errors: the picture is too short.
pub fn pixels(picture: &[u8], planes: Planes) -> Result<Vec<u8>, YuvError> {
    let [y_plane, u_plane, v_plane] = planes.split(picture).unwrap_or_default();
    let (width, height) = (planes.width(), planes.height());
    let (y_stride, chroma) = (planes.luma_stride(), planes.chroma_stride());
    let image =
        YuvPlanarImage { y_plane, y_stride, u_plane, u_stride: chroma, v_plane, v_stride: chroma, width, height };
    let mut pixels = vec![0; width as usize * height as usize * 3];
    yuv::yuv420_to_rgb(&image, &mut pixels, width * 3, YuvRange::Limited, YuvStandardMatrix::Bt709)?;
    Ok(pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose samples are known by their places; padding has 255.
    fn picture(planes: Planes) -> Vec<u8> {
        let mut picture = vec![255; planes.bytes()];
        let (width, half) = (planes.width() as usize, planes.width() as usize / 2);
        let strides = [planes.luma_stride(), planes.chroma_stride(), planes.chroma_stride()];
        let targets = planes.split_mut(&mut picture).unwrap();
        for (number, ((plane, stride), length)) in targets.into_iter().zip(strides).zip([width, half, half]).enumerate()
        {
            for (y, row) in plane.chunks_exact_mut(stride as usize).enumerate() {
                row.iter_mut()
                    .take(length)
                    .enumerate()
                    .for_each(|(x, sample)| *sample = u8::try_from((x + 3 * y + 50 * number) % 200).unwrap());
            }
        }
        picture
    }

    #[test]
    fn chromas_are_interleaved_to_the_last_column_and_row() {
        for (width, height) in [(1366, 768), (854, 480), (1300, 720), (320, 200), (18, 18)] {
            let planes = Planes::new(width, height).unwrap();
            let mut target = vec![1; 7];
            interleave(&picture(planes), planes, &mut target);
            assert_eq!(target.len(), Layout::Nv12.bytes(planes), "{width}x{height}");
            let (width, height, stride) = (width as usize, height as usize, planes.luma_stride() as usize);
            let (y, chroma) = target.split_at(stride * height);
            for (row, line) in y.chunks_exact(stride).enumerate() {
                assert!((0..width).all(|x| usize::from(line[x]) == (x + 3 * row) % 200));
            }
            for (row, line) in chroma.chunks_exact(stride).enumerate() {
                let sample = |x: usize, number: usize| (x + 3 * row + 50 * number) % 200;
                assert!((0..width / 2).all(|x| usize::from(line[2 * x]) == sample(x, 1)));
                assert!((0..width / 2).all(|x| usize::from(line[2 * x + 1]) == sample(x, 2)));
            }
        }
    }

    #[test]
    fn colours_are_those_of_bt709() {
        let planes = Planes::new(18, 16).unwrap();
        for (samples, colour) in [
            ([235, 128, 128], [255, 255, 255]),
            ([16, 128, 128], [0, 0, 0]),
            ([63, 102, 240], [255, 0, 0]),
            ([32, 240, 118], [0, 0, 255]),
        ] {
            let mut picture = vec![0; planes.bytes()];
            planes
                .split_mut(&mut picture)
                .unwrap()
                .into_iter()
                .zip(samples)
                .for_each(|(plane, sample)| plane.fill(sample));
            let pixels = pixels(&picture, planes).unwrap();
            assert_eq!(pixels.len(), 18 * 16 * 3);
            let off = pixels.chunks_exact(3).flat_map(|pixel| [0, 1, 2].map(|at| pixel[at].abs_diff(colour[at]))).max();
            assert!(off <= Some(3), "{samples:?} instead of {colour:?}: {off:?}");
        }
    }

    #[test]
    fn a_picture_that_is_too_short_is_an_error() {
        let planes = Planes::new(64, 32).unwrap();
        let mut target = Vec::new();
        interleave(&[0; 100], planes, &mut target);
        assert!(target.is_empty() && pixels(&[0; 100], planes).is_err());
    }
}
