//! The pictures that a streamer gives.

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// What a PNG begins with.
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// The largest picture in bytes: more than the largest display has before it is compressed.
const LARGEST: u64 = 256 << 20;

/// Whether it is a PNG of bounded size in a file in memory that nobody can change any more: reading it never waits.
pub(super) fn is_picture(image: &OwnedFd) -> bool {
    is_sealed(image) && begins_well(image).unwrap_or(false)
}

fn is_sealed(image: &OwnedFd) -> bool {
    let wanted = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
    let seals = fcntl(image.as_fd(), FcntlArg::F_GET_SEALS);
    seals.is_ok_and(|seals| SealFlag::from_bits_truncate(seals).contains(wanted))
}

fn begins_well(image: &OwnedFd) -> io::Result<bool> {
    let file = File::from(image.try_clone()?);
    let mut head = [0; SIGNATURE.len()];
    file.read_exact_at(&mut head, 0)?;
    Ok(head == SIGNATURE && file.metadata()?.len() <= LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::memfd::{MFdFlags, memfd_create};

    fn memory(head: &[u8], length: u64, seals: SealFlag) -> OwnedFd {
        let file = memfd_create("picture", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING).unwrap();
        let file = File::from(file);
        file.set_len(length).unwrap();
        file.write_all_at(head, 0).unwrap();
        fcntl(file.as_fd(), FcntlArg::F_ADD_SEALS(seals)).unwrap();
        file.into()
    }

    #[test]
    fn a_picture_is_a_sealed_file_of_bounded_size_that_begins_as_one() {
        let all = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
        assert!(is_picture(&memory(&SIGNATURE, LARGEST, all)));
        assert!(!is_picture(&memory(&SIGNATURE, LARGEST + 1, all)));
        assert!(!is_picture(&memory(&SIGNATURE, 1 << 60, all)), "larger than all memory");
        assert!(!is_picture(&memory(b"\x89PNG", 4, all)));
        assert!(!is_picture(&memory(b"\x1b]0;title", 100, all)));
        assert!(!is_picture(&memory(&SIGNATURE, 100, SealFlag::F_SEAL_WRITE)));
        assert!(!is_picture(&std::io::pipe().unwrap().0.into()));
        assert!(!is_picture(&File::open("/proc/self/exe").unwrap().into()));
    }
}
