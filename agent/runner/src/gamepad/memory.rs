//! Memory for the effects of a controller, which outlives the agent as the controller does.

use super::rumble::{BYTES, Effects};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;

/// Makes such memory, in which there are no effects.
///
/// # Errors
/// The kernel gives none.
pub(super) fn create() -> io::Result<OwnedFd> {
    let memory = memfd_create("effects", MemfdFlags::CLOEXEC)?;
    ftruncate(&memory, BYTES as u64)?;
    let memory = File::from(memory);
    write(&memory, &Effects::default())?;
    Ok(memory.into())
}

/// What is in it.
///
/// # Errors
/// It is no such memory.
pub(super) fn read(memory: &File) -> io::Result<Effects> {
    let mut bytes = [0; BYTES];
    memory.read_exact_at(&mut bytes, 0)?;
    Ok(Effects::from_bytes(&bytes))
}

/// Puts these effects into it.
///
/// # Errors
/// It is no such memory.
pub(super) fn write(memory: &File, effects: &Effects) -> io::Result<()> {
    memory.write_all_at(&effects.to_bytes(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let memory = File::from(create().unwrap());
        assert_eq!(read(&memory).unwrap(), Effects::default());
        let mut effects = Effects::default();
        effects.set_gain(7);
        write(&memory, &effects).unwrap();
        assert_eq!(read(&memory.try_clone().unwrap()).unwrap(), effects);
        assert!(read(&tempfile::tempfile().unwrap()).is_err());
    }
}
