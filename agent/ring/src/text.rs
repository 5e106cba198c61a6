//! Texts on their way between the two: sealed memory, so that reading it neither waits nor fails halfway.

use rustix::fs::{MemfdFlags, SealFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// What keeps memory as it is.
const SEALS: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::WRITE).union(SealFlags::SEAL);

/// Why a text cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// A file or a pipe, or memory that can still change.
    #[error("invalid text: its memory is not sealed")]
    Unsealed,
    /// The system says so.
    #[error("cannot read a text: {0}")]
    System(#[from] io::Error),
    /// The bytes are none.
    #[error("invalid text: not UTF-8")]
    Encoding,
}

/// Memory that holds this text and cannot change any more.
pub fn memory(text: &str) -> io::Result<OwnedFd> {
    let memory = rustix::fs::memfd_create("text", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let mut file = File::from(memory);
    file.write_all(text.as_bytes())?;
    rustix::fs::fcntl_add_seals(&file, SEALS)?;
    Ok(file.into())
}

/// The text of this many bytes in memory that the other side made.
pub fn read(memory: OwnedFd, bytes: u32) -> Result<String, TextError> {
    let seals = match rustix::fs::fcntl_get_seals(memory.as_fd()) {
        Ok(seals) => seals,
        Err(Errno::INVAL) => return Err(TextError::Unsealed),
        Err(error) => return Err(TextError::System(error.into())),
    };
    if !seals.contains(SEALS.difference(SealFlags::SEAL)) {
        return Err(TextError::Unsealed);
    }
    let mut text = vec![0; bytes as usize];
    // Not from its offset, which is the other side's as well.
    File::from(memory).read_exact_at(&mut text, 0)?;
    String::from_utf8(text).map_err(|_| TextError::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_arrive() {
        for text in ["", "ein Täxt"] {
            let length = u32::try_from(text.len()).unwrap();
            assert_eq!(read(memory(text).unwrap(), length).unwrap(), text);
        }
        assert_eq!(read(memory("ein Täxt").unwrap(), 3).unwrap(), "ein");
    }

    #[test]
    fn what_is_no_text_is_an_error() {
        assert!(matches!(read(memory("short").unwrap(), 6), Err(TextError::System(_))));
        assert!(matches!(read(memory("Täxt").unwrap(), 2), Err(TextError::Encoding)));
        let (pipe, _writer) = std::io::pipe().unwrap();
        assert!(matches!(read(pipe.into(), 1), Err(TextError::Unsealed)), "reading it would wait");
        let unsealed = rustix::fs::memfd_create("text", MemfdFlags::ALLOW_SEALING).unwrap();
        assert!(matches!(read(unsealed, 0), Err(TextError::Unsealed)));
    }
}
