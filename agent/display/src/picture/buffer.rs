//! The buffers of programs.

use super::convert::Pixels;
use super::cursor::Cursor;
use crate::sys;
use smithay::backend::renderer::utils::{Buffer, with_renderer_surface_state};
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle, Size};
use smithay::wayland::shm::{BufferData, with_buffer_contents};

/// The longest side of a cursor, pixels.
const LARGEST_CURSOR: u32 = 512;

/// Calls with the pixels of a buffer in shared memory. `None`: it is none, or does not hold what it says.
///
/// A program that truncates the memory meanwhile is disconnected, and what was read is wrong.
pub(super) fn with_pixels<T>(buffer: &Buffer, call: impl FnOnce(Pixels<'_>) -> T) -> Option<T> {
    with_buffer_contents(buffer, |pointer, length, data| {
        let (start, pixels) = described(data, length)?;
        Some(call(Pixels { bytes: sys::client_memory(pointer, length, start)?, ..pixels }))
    })
    .ok()
    .flatten()
}

/// Where the pixels lie in the pool, and what they are.
fn described(data: BufferData, length: usize) -> Option<(std::ops::Range<usize>, Pixels<'static>)> {
    let red_first = match data.format {
        Format::Xrgb8888 | Format::Argb8888 => false,
        Format::Xbgr8888 | Format::Abgr8888 => true,
        _ => return None,
    };
    let [width, height, stride] = [data.width, data.height, data.stride].map(|number| u32::try_from(number).ok());
    let (width, height, stride) = (width?, height?, stride?);
    let start = usize::try_from(data.offset).ok()?;
    let end = (stride as usize).checked_mul(height as usize)?.checked_add(start)?;
    if stride < width.checked_mul(4)? || end > length {
        return None;
    }
    Some((start..end, Pixels { bytes: &[], width, height, stride, red_first }))
}

impl Cursor {
    /// The image in these pixels.
    pub(super) fn copy(from: Pixels<'_>, hotspot: (i32, i32)) -> Option<Self> {
        if from.width > LARGEST_CURSOR || from.height > LARGEST_CURSOR || from.stride == 0 {
            return None;
        }
        let rows = from.bytes.chunks_exact(from.stride as usize);
        let mut pixels: Vec<u8> =
            rows.filter_map(|row| row.get(..from.width as usize * 4)).flatten().copied().collect();
        if from.red_first {
            pixels.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
        }
        let (width, height) = (i32::try_from(from.width).ok()?, i32::try_from(from.height).ok()?);
        Some(Self { pixels, width, height, hotspot })
    }
}

/// Whether nothing below this surface can be seen.
pub(super) fn is_opaque(surface: &WlSurface, size: Size<i32, Logical>) -> bool {
    with_renderer_surface_state(surface, |state| {
        let format = state.buffer().and_then(|buffer| with_buffer_contents(buffer, |_, _, data| data.format).ok());
        let whole = Rectangle::from_size(size);
        matches!(format, Some(Format::Xrgb8888 | Format::Xbgr8888))
            || state.opaque_regions().is_some_and(|regions| regions.iter().any(|region| region.contains_rect(whole)))
    })
    .unwrap_or(false)
}
