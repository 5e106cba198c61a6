//! Archives that come from the agent and go to it, through a descriptor.

use crate::exit::Failure;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// Bytes that are read at once.
const CHUNK: usize = 128 * 1024;
/// Unit of a tar archive, tar(5).
const BLOCK: usize = 512;

/// Writes an archive to a file, which is there only when all of it is, or to standard output with `-`. Returns its size
/// in bytes.
pub(crate) fn save(archive: zbus::OwnedFd, to: &Path) -> Result<u64, Failure> {
    let from = File::from(OwnedFd::from(archive));
    if to == Path::new("-") {
        return copy(from, io::stdout().lock());
    }
    let failed = |error: io::Error| Failure::Other(format!("{}: {error}", to.display()));
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = to.with_file_name(name);
    let size = File::create(&part).map_err(failed).and_then(|file| copy(from, file));
    let done = size.and_then(|size| std::fs::rename(&part, to).map(|()| size).map_err(failed));
    if done.is_err() {
        // It may not be there at all.
        let _ = std::fs::remove_file(&part);
    }
    done
}

/// Standard output as the place of an archive.
pub(crate) fn check_output(to: &Path) -> Result<(), Failure> {
    if to == Path::new("-") && io::stdout().is_terminal() {
        return Err(Failure::Usage("an archive is nothing for a terminal, expected a file or a pipe".to_owned()));
    }
    Ok(())
}

/// Opens an archive; `-` is standard input.
pub(crate) fn open(from: &Path) -> Result<OwnedFd, Failure> {
    if from != Path::new("-") {
        let file = File::open(from).map_err(|error| Failure::Other(format!("{}: {error}", from.display())))?;
        return Ok(file.into());
    }
    let input = io::stdin();
    if input.is_terminal() {
        return Err(Failure::Usage("an archive does not come from a terminal, expected a file or a pipe".to_owned()));
    }
    Ok(input.as_fd().try_clone_to_owned()?)
}

fn copy(mut from: impl Read, mut to: impl Write) -> Result<u64, Failure> {
    let (mut buffer, mut scan, mut size) = (vec![0; CHUNK], Scan::default(), 0);
    loop {
        let read = from.read(&mut buffer)?;
        let bytes = buffer.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        scan.see(bytes);
        to.write_all(bytes)?;
        size += u64::try_from(read).unwrap_or_default();
    }
    to.flush()?;
    if !scan.ended() {
        return Err(Failure::Other(
            "the archive broke off, what is there of it is of no use; `journalctl --user -u dillinger-runner` tells why"
                .to_owned(),
        ));
    }
    Ok(size)
}

/// Follows an archive from header to header, to know whether its end came: a block of zeros where a header would be.
#[derive(Debug, Default)]
struct Scan {
    header: Vec<u8>,
    /// Bytes until the next header.
    skip: u64,
    ended: bool,
}

impl Scan {
    fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.ended {
            let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            self.skip -= u64::try_from(skipped).unwrap_or_default();
            bytes = bytes.get(skipped..).unwrap_or_default();
            let taken = (BLOCK - self.header.len()).min(bytes.len());
            let (head, rest) = bytes.split_at(taken);
            self.header.extend_from_slice(head);
            bytes = rest;
            if self.header.len() == BLOCK {
                self.ended = self.header.iter().all(|byte| *byte == 0);
                let block = u64::try_from(BLOCK).unwrap_or(u64::MAX);
                self.skip = size_of(&self.header).div_ceil(block).saturating_mul(block);
                self.header.clear();
            }
        }
    }

    fn ended(&self) -> bool {
        self.ended
    }
}

/// The size in a header: octal, or of a large file binary with the first bit set.
fn size_of(header: &[u8]) -> u64 {
    let field = header.get(124..136).unwrap_or_default();
    match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => rest.iter().fold(0, |size, byte| (size << 8) | u64::from(*byte)),
        _ => {
            let digits = field.iter().filter(|byte| (b'0'..=b'7').contains(*byte));
            digits.fold(0, |size, digit| (size << 3) | u64::from(digit - b'0'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(size: &[u8]) -> Vec<u8> {
        let mut header = vec![0; BLOCK];
        header[..4].copy_from_slice(b"name");
        header[124..124 + size.len()].copy_from_slice(size);
        header
    }

    #[test]
    fn the_end_is_where_a_header_would_be() {
        let whole = [header(b"00000001001\0"), vec![0; 2 * BLOCK], header(b"00000000000\0"), vec![0; 1024]].concat();
        for piece in [1, 100, 512, 5000] {
            let mut scan = Scan::default();
            whole.chunks(piece).for_each(|bytes| scan.see(bytes));
            assert!(scan.ended(), "{piece}");
        }
        // Zeros of a file are no end.
        for cut in [0, 3, BLOCK, 2 * BLOCK, 3 * BLOCK, 3 * BLOCK + 100, 4 * BLOCK] {
            let mut scan = Scan::default();
            scan.see(&whole[..cut]);
            assert!(!scan.ended(), "{cut}");
        }
    }

    #[test]
    fn sizes_are_octal_or_binary() {
        assert_eq!(size_of(&header(b"00000001001\0")), 513);
        assert_eq!(size_of(&header(&[0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1])), (2 << 32) + 1);
        assert_eq!(size_of(&[]), 0);
    }

    #[test]
    fn a_file_is_there_when_all_of_it_is() {
        let place = tempfile::tempdir().unwrap();
        let to = place.path().join("saves.tar");
        let archive = |bytes: &[u8]| {
            let path = place.path().join("from");
            std::fs::write(&path, bytes).unwrap();
            zbus::OwnedFd::from(OwnedFd::from(File::open(path).unwrap()))
        };
        let failed = save(archive(&header(b"00000001001\0")), &to).unwrap_err();
        assert!(failed.message().unwrap().contains("broke off"));
        assert!(!to.exists() && !place.path().join("saves.tar.part").exists());
        assert_eq!(save(archive(&[0; 1024]), &to).unwrap(), 1024);
        assert_eq!(std::fs::read(&to).unwrap().len(), 1024);
        let nowhere = save(archive(&[0; 1024]), &place.path().join("no/such/place")).unwrap_err();
        assert_eq!(nowhere.exit_code(), 1);
    }
}
