//! The memory of pictures: a few slots of planes in a sealed memfd, which the display server writes and the streamer reads.
//!
//! A slot is the display server's until it sends `Frame`, and the streamer's until it sends `Release`. The streamer
//! believes in neither: it reads bytes, and bytes that change under its hands are a wrong picture and nothing else.

#![allow(unsafe_code, reason = "mapping memory")]

use crate::message::SLOTS;
use crate::planes::Planes;
use memmap2::{Mmap, MmapMut};
use rustix::fs::{MemfdFlags, SealFlags};
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Slots begin at multiples of this, for the instructions that write many bytes at once.
const ALIGNMENT: usize = 64;

/// Where a slot lies.
fn place(planes: Planes, slot: u32) -> Range<usize> {
    let start = planes.bytes().next_multiple_of(ALIGNMENT) * slot as usize;
    start..start + planes.bytes()
}

/// The bytes of a whole ring.
fn bytes(planes: Planes) -> usize {
    planes.bytes().next_multiple_of(ALIGNMENT) * SLOTS as usize
}

/// A ring as the display server has it.
#[derive(Debug)]
pub struct Writer {
    memory: OwnedFd,
    map: MmapMut,
    planes: Planes,
    /// Slots that the streamer has.
    lent: [bool; SLOTS as usize],
}

impl Writer {
    /// A new ring for pictures of this size. Nobody else will be able to write to it.
    pub fn new(planes: Planes) -> io::Result<Self> {
        let memory = rustix::fs::memfd_create("pictures", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
        rustix::fs::ftruncate(&memory, bytes(planes) as u64)?;
        // SAFETY: nobody else has the memory yet, and who gets it can neither shrink it nor write to it.
        let map = unsafe { MmapMut::map_mut(&memory)? };
        let seals = SealFlags::SHRINK | SealFlags::GROW | SealFlags::FUTURE_WRITE | SealFlags::SEAL;
        rustix::fs::fcntl_add_seals(&memory, seals)?;
        Ok(Self { memory, map, planes, lent: [false; SLOTS as usize] })
    }

    /// The size of its pictures.
    pub fn planes(&self) -> Planes {
        self.planes
    }

    /// A slot that the streamer does not have.
    pub fn free(&self) -> Option<u32> {
        (0..SLOTS).zip(self.lent).find_map(|(slot, lent)| (!lent).then_some(slot))
    }

    /// The memory of a slot that the streamer does not have.
    pub fn slot(&mut self, slot: u32) -> Option<&mut [u8]> {
        let lent = *self.lent.get(slot as usize)?;
        if lent { None } else { self.map.get_mut(place(self.planes, slot)) }
    }

    /// The slot is the streamer's from now on.
    pub fn lend(&mut self, slot: u32) {
        self.set(slot, true);
    }

    /// The slot is ours again.
    pub fn take_back(&mut self, slot: u32) {
        self.set(slot, false);
    }

    fn set(&mut self, slot: u32, lent: bool) {
        if let Some(place) = self.lent.get_mut(slot as usize) {
            *place = lent;
        }
    }
}

impl AsFd for Writer {
    /// The memory, for the streamer.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.memory.as_fd()
    }
}

/// A ring as the streamer has it.
#[derive(Debug)]
pub struct Reader {
    map: Mmap,
    planes: Planes,
}

/// Why memory is no ring.
#[derive(Debug, thiserror::Error)]
pub enum RingError {
    /// It could shrink while it is read.
    #[error("invalid ring: its memory is not sealed against shrinking")]
    Unsealed,
    /// Too little for its pictures.
    #[error("invalid ring: it has {has} bytes, {width}x{height} needs {needs}", width = planes.width(), height = planes.height())]
    Length {
        /// Bytes.
        has: u64,
        /// Bytes.
        needs: u64,
        /// The size of its pictures.
        planes: Planes,
    },
    /// The system says so.
    #[error("cannot map a ring: {0}")]
    System(#[from] io::Error),
}

impl Reader {
    /// Maps the memory of a ring for pictures of this size.
    pub fn new(memory: &OwnedFd, planes: Planes) -> Result<Self, RingError> {
        // A file has no seals, and neither has memory of a graphics card.
        let seals = rustix::fs::fcntl_get_seals(memory).map_err(|_| RingError::Unsealed)?;
        if !seals.contains(SealFlags::SHRINK) {
            return Err(RingError::Unsealed);
        }
        let (has, needs) =
            (rustix::fs::fstat(memory).map_err(io::Error::from)?.st_size.cast_unsigned(), bytes(planes) as u64);
        if has != needs {
            return Err(RingError::Length { has, needs, planes });
        }
        // SAFETY: the memory cannot shrink below the mapping. The display server may write to it at any time; every value
        // of a byte is valid, and nothing is decided by what was read.
        let map = unsafe { Mmap::map(memory)? };
        Ok(Self { map, planes })
    }

    /// The size of its pictures.
    pub fn planes(&self) -> Planes {
        self.planes
    }

    /// The picture in a slot.
    pub fn slot(&self, slot: u32) -> Option<&[u8]> {
        if slot < SLOTS { self.map.get(place(self.planes, slot)) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planes() -> Planes {
        Planes::new(18, 18).unwrap()
    }

    fn duplicate(writer: &Writer) -> OwnedFd {
        writer.as_fd().try_clone_to_owned().unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::new(planes()).unwrap();
        let reader = Reader::new(&duplicate(&writer), planes()).unwrap();
        for slot in 0..SLOTS {
            assert_eq!(writer.free(), Some(slot));
            writer.slot(slot).unwrap().fill(u8::try_from(slot).unwrap() + 1);
            writer.lend(slot);
            assert!(writer.slot(slot).is_none(), "it is the streamer's");
        }
        assert_eq!(writer.free(), None);
        for slot in 0..SLOTS {
            let picture = reader.slot(slot).unwrap();
            assert!(picture.len() == planes().bytes() && picture.iter().all(|byte| u32::from(*byte) == slot + 1));
        }
        writer.take_back(2);
        assert_eq!(writer.free(), Some(2));
        writer.take_back(SLOTS);
        assert!(writer.slot(SLOTS).is_none() && reader.slot(SLOTS).is_none());
    }

    #[test]
    fn nobody_else_writes_to_it_or_shrinks_it() {
        let writer = Writer::new(planes()).unwrap();
        let memory = duplicate(&writer);
        // SAFETY: it fails.
        assert!(unsafe { MmapMut::map_mut(&memory) }.is_err());
        assert!(rustix::fs::ftruncate(&memory, 0).is_err() && rustix::fs::ftruncate(&memory, 1 << 20).is_err());
        assert!(rustix::io::pwrite(&memory, &[1], 0).is_err());
    }

    #[test]
    fn what_is_no_ring_is_refused() {
        let file: OwnedFd = std::fs::File::open("/proc/self/exe").unwrap().into();
        assert!(matches!(Reader::new(&file, planes()), Err(RingError::Unsealed)));
        let memory = rustix::fs::memfd_create("pictures", MemfdFlags::ALLOW_SEALING).unwrap();
        rustix::fs::ftruncate(&memory, bytes(planes()) as u64).unwrap();
        assert!(matches!(Reader::new(&memory, planes()), Err(RingError::Unsealed)));
        let writer = Writer::new(planes()).unwrap();
        let larger = Planes::new(24, 18).unwrap();
        let error = Reader::new(&duplicate(&writer), larger).unwrap_err().to_string();
        assert!(error.contains("24x18 needs"), "{error}");
    }
}
