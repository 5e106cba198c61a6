//! Waiting for descriptors that tokio has no type for.
#![allow(unsafe_code, reason = "AsyncFd cannot be made otherwise")]

use std::io;
use std::os::fd::OwnedFd;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor with the runtime.
///
/// # Errors
/// It is none that can be waited for.
pub(crate) fn register(descriptor: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: the descriptor is open as long as the OwnedFd lives, which the AsyncFd
    // owns and which it drops only after the registration. This crate never calls get_mut.
    unsafe { AsyncFd::register_with_interest(descriptor, interest) }.map_err(io::Error::from)
}
