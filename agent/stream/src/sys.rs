//! The few calls that the compiler cannot check.

#![allow(unsafe_code)]

use gstreamer::glib::BoolError;
use gstreamer_allocators::DmaBufAllocator;
use gstreamer_allocators::prelude::*;
use memmap2::Mmap;
use rustix::fs::{MemfdFlags, SealFlags};
use rustix::process::Signal;
use std::io;
use std::os::fd::OwnedFd;
use tokio::process::Command;

/// Memory that can be handed to another process, and how we see it.
pub(crate) fn shared_memory(name: &str, bytes: usize) -> io::Result<(OwnedFd, Mmap)> {
    let fd = rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    rustix::fs::ftruncate(&fd, bytes as u64)?;
    rustix::fs::fcntl_add_seals(&fd, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    // SAFETY: the seals keep the file from shrinking below the mapping. The other process writes into it only between
    // a request for a picture and the answer; nobody reads it in that time (`capture::Buffers`), and what is read is
    // bytes, for which every value is valid.
    let map = unsafe { Mmap::map(&fd)? };
    Ok((fd, map))
}

/// Memory of a graphics card as `GStreamer` knows it; it closes the descriptor in the end.
pub(crate) fn gpu_memory(fd: OwnedFd, bytes: usize) -> Result<gstreamer::Memory, BoolError> {
    // SAFETY: the call takes any number for a descriptor. This one is open, and nobody else closes it, as it is given
    // away here.
    unsafe { DmaBufAllocator::new().alloc_dmabuf(fd, bytes) }
}

/// Makes the child die with the thread that starts it.
///
/// To be started by the main thread, which lives as long as the program.
pub(crate) fn die_with_parent(command: &mut Command) {
    // SAFETY: between fork and exec only system calls may be made that are async-signal-safe; prctl(2) is.
    unsafe {
        command.pre_exec(|| {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
            Ok(())
        });
    }
}
