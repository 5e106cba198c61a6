//! The few calls that the compiler cannot check.

#![allow(unsafe_code)]

use smithay::reexports::calloop::generic::NoIoDrop;
use smithay::reexports::pixman::Image;
use smithay::reexports::wayland_server::Display;
use std::ops::Range;

/// A part of the memory of a program, while Smithay holds it mapped: `with_buffer_contents` gives pointer and length.
pub(crate) fn client_memory<'a>(pointer: *const u8, length: usize, part: Range<usize>) -> Option<&'a [u8]> {
    if part.start > part.end || part.end > length {
        return None;
    }
    // SAFETY: within the mapping, which Smithay guards against SIGBUS for the time of the call. The program may write to it
    // meanwhile: every value of a byte is valid, nothing is decided by what was read, and it garbles its own picture.
    Some(unsafe { std::slice::from_raw_parts(pointer.add(part.start), part.len()) })
}

/// The pixels of an image of 4 bytes each, which nobody draws to while they are read.
pub(crate) fn image_memory<'a>(image: &'a Image<'static, 'static>) -> &'a [u8] {
    let bytes = image.stride() * image.height();
    // SAFETY: an image's memory is as long as its rows, and lives as long as the image.
    unsafe { std::slice::from_raw_parts(image.data().cast::<u8>(), bytes) }
}

/// The display of an event source.
pub(crate) fn display<S>(display: &mut NoIoDrop<Display<S>>) -> &mut Display<S> {
    // SAFETY: it is not dropped by its source's callback.
    unsafe { display.get_mut() }
}

/// A descriptor that this process was started with.
pub(crate) fn inherited(number: std::os::fd::RawFd) -> std::os::fd::BorrowedFd<'static> {
    // SAFETY: nobody in this process closes it.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(number) }
}
