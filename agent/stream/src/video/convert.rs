//! From the pixels of the display to those of an encoder.
//!
//! BT.709 with limited range: what browsers take a picture of this size for if nothing else is said.

use thiserror::Error;
use yuv::{
    BufferStoreMut, YuvBiPlanarImageMut, YuvConversionMode, YuvError, YuvPlanarImageMut, YuvRange, YuvStandardMatrix,
};

const RANGE: YuvRange = YuvRange::Limited;
const MATRIX: YuvStandardMatrix = YuvStandardMatrix::Bt709;
const MODE: YuvConversionMode = YuvConversionMode::Balanced;

/// The order of the bytes of a pixel in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Blue, green, red, nothing: `XRGB8888`.
    Bgrx,
    /// Red, green, blue, nothing: `XBGR8888`.
    Rgbx,
}

/// A picture of the display.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// Rows of 4 bytes a pixel.
    pub bytes: &'a [u8],
    /// Pixels; even.
    pub width: u32,
    /// Pixels; even.
    pub height: u32,
    /// Bytes from row to row.
    pub stride: u32,
    /// What the bytes are.
    pub order: Order,
}

/// How an encoder wants its pictures; rows have no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Three planes.
    I420,
    /// A plane of luma, one of both chromas.
    Nv12,
}

/// Why a picture cannot be converted.
#[derive(Debug, Error)]
pub enum ConvertError {
    /// The planes have half the sides.
    #[error("a picture of {0}x{1} pixels cannot be encoded: both must be even and not 0")]
    Size(u32, u32),
    /// The picture's own description does not fit.
    #[error("the picture cannot be converted: {0}")]
    Picture(#[from] YuvError),
}

/// Converts a picture; `target` gets the planes one after the other.
pub fn convert(picture: Picture<'_>, layout: Layout, target: &mut Vec<u8>) -> Result<(), ConvertError> {
    let Picture { width, height, .. } = picture;
    if width == 0 || height == 0 || width % 2 != 0 || height % 2 != 0 {
        return Err(ConvertError::Size(width, height));
    }
    let luma = width as usize * height as usize;
    target.resize(luma + luma / 2, 0);
    let (y, chroma) = target.split_at_mut(luma);
    match layout {
        Layout::I420 => {
            let (u, v) = chroma.split_at_mut(luma / 4);
            i420(picture, [y, u, v])
        }
        Layout::Nv12 => nv12(picture, [y, chroma]),
    }
}

fn i420(picture: Picture<'_>, [y, u, v]: [&mut [u8]; 3]) -> Result<(), ConvertError> {
    let Picture { bytes, width, height, stride, order } = picture;
    let mut image = YuvPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: width,
        u_plane: BufferStoreMut::Borrowed(u),
        u_stride: width / 2,
        v_plane: BufferStoreMut::Borrowed(v),
        v_stride: width / 2,
        width,
        height,
    };
    match order {
        Order::Bgrx => yuv::bgra_to_yuv420(&mut image, bytes, stride, RANGE, MATRIX, MODE)?,
        Order::Rgbx => yuv::rgba_to_yuv420(&mut image, bytes, stride, RANGE, MATRIX, MODE)?,
    }
    Ok(())
}

fn nv12(picture: Picture<'_>, [y, uv]: [&mut [u8]; 2]) -> Result<(), ConvertError> {
    let Picture { bytes, width, height, stride, order } = picture;
    let mut image = YuvBiPlanarImageMut {
        y_plane: BufferStoreMut::Borrowed(y),
        y_stride: width,
        uv_plane: BufferStoreMut::Borrowed(uv),
        uv_stride: width,
        width,
        height,
    };
    match order {
        Order::Bgrx => yuv::bgra_to_yuv_nv12(&mut image, bytes, stride, RANGE, MATRIX, MODE)?,
        Order::Rgbx => yuv::rgba_to_yuv_nv12(&mut image, bytes, stride, RANGE, MATRIX, MODE)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one colour, with padded rows.
    fn plain(width: u32, height: u32, pixel: [u8; 4]) -> (Vec<u8>, u32) {
        let stride = width * 4 + 16;
        let mut bytes = vec![0; (stride * height) as usize];
        for row in bytes.chunks_exact_mut(stride as usize) {
            for place in row[..width as usize * 4].chunks_exact_mut(4) {
                place.copy_from_slice(&pixel);
            }
        }
        (bytes, stride)
    }

    fn planes(order: Order, pixel: [u8; 4], layout: Layout) -> (u8, u8, u8) {
        let (bytes, stride) = plain(64, 32, pixel);
        let mut target = Vec::new();
        convert(Picture { bytes: &bytes, width: 64, height: 32, stride, order }, layout, &mut target).unwrap();
        assert_eq!(target.len(), 64 * 32 * 3 / 2);
        let (y, chroma) = target.split_at(64 * 32);
        assert!(y.iter().all(|value| *value == y[0]), "one colour, one luma");
        match layout {
            Layout::I420 => (y[0], chroma[0], chroma[chroma.len() - 1]),
            Layout::Nv12 => (y[0], chroma[0], chroma[1]),
        }
    }

    fn near(got: (u8, u8, u8), want: (u8, u8, u8)) {
        let off = |a: u8, b: u8| a.abs_diff(b) <= 2;
        assert!(off(got.0, want.0) && off(got.1, want.1) && off(got.2, want.2), "{got:?} instead of {want:?}");
    }

    #[test]
    fn colours_are_those_of_bt709() {
        for layout in [Layout::I420, Layout::Nv12] {
            near(planes(Order::Bgrx, [255, 255, 255, 0], layout), (235, 128, 128));
            near(planes(Order::Bgrx, [0, 0, 0, 255], layout), (16, 128, 128));
            near(planes(Order::Bgrx, [0, 0, 255, 0], layout), (63, 102, 240));
            near(planes(Order::Bgrx, [255, 0, 0, 0], layout), (32, 240, 118));
            near(planes(Order::Rgbx, [255, 0, 0, 0], layout), (63, 102, 240));
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let mut target = Vec::new();
        let picture = |width, height, bytes| Picture { bytes, width, height, stride: width * 4, order: Order::Bgrx };
        assert!(convert(picture(63, 32, &[]), Layout::I420, &mut target).is_err());
        assert!(convert(picture(0, 0, &[]), Layout::I420, &mut target).is_err());
        assert!(convert(picture(64, 32, &[0; 100]), Layout::I420, &mut target).is_err(), "too few bytes");
        assert!(convert(picture(64, 32, &[0; 100]), Layout::Nv12, &mut target).is_err(), "too few bytes");
    }
}
