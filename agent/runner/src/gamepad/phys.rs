//! The attribute `phys` of a device that is about to be made.
#![allow(unsafe_code, reason = "an ioctl of the kernel that no library has right")]

use nix::libc::c_char;
use nix::{ioctl_write_ptr_bad, request_code_write};
use std::ffi::CStr;
use std::os::fd::{AsRawFd, BorrowedFd};

// linux/uinput.h has `_IOW(UINPUT_IOCTL_BASE, 108, char*)`: the size in the number is that of a pointer. The crates
// evdev and input-linux take that of a character, which the kernel refuses with EINVAL.
ioctl_write_ptr_bad!(ui_set_phys, request_code_write!(b'U', 108, size_of::<*const c_char>()), c_char);

/// Sets it.
///
/// # Errors
/// The device is made already, or is none of uinput.
pub(super) fn set(device: BorrowedFd<'_>, phys: &CStr) -> std::io::Result<()> {
    // SAFETY: the descriptor is open as long as it is borrowed; the kernel copies the text up to its NUL, and keeps
    // nothing of the pointer.
    unsafe { ui_set_phys(device.as_raw_fd(), phys.as_ptr()) }?;
    Ok(())
}
