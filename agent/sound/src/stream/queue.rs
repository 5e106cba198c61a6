//! The bytes of a stream that have not been played.
//!
//! They are counted from the stream's beginning. What is written before the place that is read next is too late and is
//! left out; places at which nothing was written are silent.

use super::attributes::Attributes;
use crate::sound::format::Spec;
use crate::wire::packets::Seek;
use std::collections::VecDeque;

/// No index is farther from the beginning.
const FARTHEST: i64 = 1 << 56;

/// The queue of one stream.
#[derive(Debug)]
pub struct Queue {
    /// From the place that is read next.
    bytes: VecDeque<u8>,
    read: i64,
    write: i64,
    frame: usize,
    silence: u8,
    attributes: Attributes,
    /// Waits for the beginning.
    waits: bool,
    /// Bytes that are not there and have not been asked for.
    missing: i64,
}

impl Queue {
    /// An empty one.
    pub fn new(spec: &Spec, attributes: &Attributes) -> Self {
        let frame = usize::try_from(spec.frame()).unwrap_or(1);
        Self {
            bytes: VecDeque::new(),
            read: 0,
            write: 0,
            frame,
            silence: spec.format.silence(),
            attributes: *attributes,
            waits: attributes.prebuf > 0,
            missing: attributes.tlength.into(),
        }
    }

    /// Takes other ones.
    pub fn set_attributes(&mut self, attributes: &Attributes) {
        self.missing += i64::from(attributes.tlength) - i64::from(self.attributes.tlength);
        self.attributes = *attributes;
        if self.length() >= attributes.prebuf.into() {
            self.waits = false;
        }
    }

    /// Bytes that memory is used for.
    pub fn held(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes from the place that is read next to the one that is written next.
    pub fn length(&self) -> u64 {
        u64::try_from(self.write - self.read).unwrap_or_default()
    }

    /// Where is written, and where is read.
    pub fn indices(&self) -> (i64, i64) {
        (self.write, self.read)
    }

    /// Whether it is waited for more.
    fn prebuffers(&self) -> bool {
        let prebuf = self.attributes.prebuf;
        if self.waits { self.length() < prebuf.into() } else { prebuf > 0 && self.length() == 0 }
    }

    /// Whether there is something to be played.
    pub fn readable(&self) -> bool {
        !self.prebuffers() && self.length() > 0
    }

    /// Waits for the beginning.
    pub fn force_prebuf(&mut self) {
        self.waits = self.attributes.prebuf > 0;
    }

    /// Waits no longer.
    pub fn end_prebuf(&mut self) {
        self.waits = false;
    }

    /// Goes to where the next bytes belong.
    pub fn seek(&mut self, seek: Seek) {
        let end = || self.read + i64::try_from(self.bytes.len()).unwrap_or_default();
        let to = match seek {
            Seek::Relative(offset) => self.write.saturating_add(offset),
            Seek::Absolute(offset) => offset,
            Seek::OnRead(offset) => self.read.saturating_add(offset),
            Seek::FromEnd(offset) => end().saturating_add(offset),
        };
        let to = to.clamp(-FARTHEST, FARTHEST);
        // Clients count what they seek relatively as written, and nothing else.
        if !matches!(seek, Seek::Relative(_)) {
            self.missing = self.missing.saturating_sub(to - self.write).clamp(-FARTHEST, FARTHEST);
        }
        self.write = to;
    }

    /// Whether so many bytes can be written, of which `room` more may be held.
    pub fn reserve(&self, length: u32, room: usize) -> bool {
        let end = self.write.saturating_add(length.into()) - self.read;
        let held = i64::try_from(self.bytes.len()).unwrap_or(i64::MAX);
        end <= held.max(self.attributes.maxlength.into()) && end - held <= i64::try_from(room).unwrap_or(i64::MAX)
    }

    /// Writes bytes for which there is room.
    pub fn push(&mut self, bytes: &[u8]) {
        let length = i64::try_from(bytes.len()).unwrap_or_default();
        let late = usize::try_from(self.read - self.write).unwrap_or_default();
        let at = usize::try_from(self.write - self.read).unwrap_or_default();
        self.write = self.write.saturating_add(length).min(FARTHEST);
        let Some(bytes) = bytes.get(late..) else { return };
        if at > self.bytes.len() && !bytes.is_empty() {
            self.bytes.resize(at, self.silence);
        }
        let over = bytes.len().min(self.bytes.len() - at.min(self.bytes.len()));
        let (over, new) = bytes.split_at(over);
        for (place, byte) in self.bytes.iter_mut().skip(at).zip(over) {
            *place = *byte;
        }
        self.bytes.extend(new);
    }

    /// Appends up to so many bytes, in whole frames, to `to`. Returns how many of the stream's have gone by: where time goes
    /// on without sound, more.
    pub fn pop(&mut self, most: usize, to: &mut Vec<u8>) -> usize {
        if self.prebuffers() {
            self.force_prebuf();
            return 0;
        }
        self.waits = false;
        let there = usize::try_from(self.length()).unwrap_or(usize::MAX).min(most) / self.frame * self.frame;
        let held = self.bytes.len().min(there);
        to.extend(self.bytes.drain(..held));
        to.resize(to.len() + there - held, self.silence);
        let timeless = self.attributes.prebuf == 0;
        self.advance(if timeless { most } else { there }, held);
        if there < most {
            self.force_prebuf();
        }
        there
    }

    fn advance(&mut self, by: usize, drained: usize) {
        self.bytes.drain(..(by - drained).min(self.bytes.len()));
        let by = i64::try_from(by).unwrap_or_default();
        self.read = self.read.saturating_add(by).min(FARTHEST);
        self.missing = self.missing.saturating_add(by).min(FARTHEST);
    }

    /// Throws everything away.
    pub fn flush(&mut self) {
        self.bytes.clear();
        self.missing = self.missing.saturating_add(self.write - self.read).clamp(-FARTHEST, FARTHEST);
        self.write = self.read;
        self.force_prebuf();
    }

    /// Bytes to ask for now, if they are enough.
    pub fn missing(&mut self) -> Option<u32> {
        let missing = self.missing;
        if missing <= 0 || (missing < self.attributes.minreq.into() && !self.prebuffers()) {
            return None;
        }
        self.missing = 0;
        // What is asked for can be held.
        Some(u32::try_from(missing).unwrap_or(u32::MAX).min(self.attributes.maxlength))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::format::Format;
    use proptest::prelude::*;

    fn queue(maxlength: u32, tlength: u32, prebuf: u32, minreq: u32) -> Queue {
        let spec = Spec::new(Format::U8, 2, 48_000).unwrap();
        Queue::new(&spec, &Attributes { maxlength, tlength, prebuf, minreq })
    }

    fn popped(queue: &mut Queue, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        queue.pop(most, &mut bytes);
        bytes
    }

    #[test]
    fn it_waits_for_enough_and_asks_for_what_it_plays() {
        let mut queue = queue(100, 20, 10, 4);
        assert_eq!((queue.missing(), queue.missing()), (Some(20), None));
        queue.push(&[1; 8]);
        assert!(!queue.readable() && popped(&mut queue, 4).is_empty());
        queue.push(&[2; 12]);
        assert!(queue.readable());
        assert_eq!(popped(&mut queue, 10), [&[1; 8][..], &[2; 2]].concat());
        assert_eq!((queue.missing(), queue.missing()), (Some(10), None));
        assert_eq!(popped(&mut queue, 2), [2; 2]);
        assert_eq!(queue.missing(), None, "it is less than what is asked for at once");
        assert_eq!(popped(&mut queue, 100), [2; 8]);
        assert!(!queue.readable());
        queue.push(&[3; 2]);
        assert!(!queue.readable(), "it waits again");
        queue.end_prebuf();
        assert!(queue.readable());
    }

    #[test]
    fn time_goes_on_without_sound_if_nothing_is_waited_for() {
        let mut queue = queue(100, 20, 0, 4);
        queue.push(&[1; 4]);
        assert_eq!(popped(&mut queue, 10), [1; 4]);
        assert_eq!(queue.indices(), (4, 10));
        queue.push(&[2; 8]);
        assert_eq!(popped(&mut queue, 10), [2; 2], "the rest came too late");
        queue.seek(Seek::OnRead(0));
        queue.push(&[3; 4]);
        assert_eq!(popped(&mut queue, 4), [3; 4]);
    }

    #[test]
    fn sound_is_written_over_and_gaps_are_silent() {
        let mut queue = queue(100, 20, 0, 4);
        queue.push(&[1; 8]);
        queue.seek(Seek::Relative(-4));
        queue.push(&[2; 2]);
        queue.seek(Seek::FromEnd(2));
        queue.push(&[3; 2]);
        assert_eq!(popped(&mut queue, 12), [1, 1, 1, 1, 2, 2, 1, 1, 128, 128, 3, 3]);
        queue.seek(Seek::Absolute(16));
        assert_eq!(popped(&mut queue, 4), [128; 4]);
    }

    #[test]
    fn no_more_is_held_than_was_agreed() {
        let mut queue = queue(100, 20, 10, 4);
        assert!(queue.reserve(100, 100) && !queue.reserve(102, 1000) && !queue.reserve(100, 99));
        queue.push(&[1; 100]);
        assert!(!queue.reserve(2, 100));
        queue.seek(Seek::Relative(-50));
        assert!(queue.reserve(50, 0), "it is written over");
        queue.seek(Seek::Absolute(i64::MAX));
        assert!(!queue.reserve(2, 100));
        queue.seek(Seek::Absolute(i64::MIN));
        assert!(queue.reserve(2, 0));
    }

    #[test]
    fn what_is_thrown_away_is_asked_for_again() {
        let mut queue = queue(100, 20, 10, 4);
        queue.missing();
        queue.push(&[1; 20]);
        queue.flush();
        assert_eq!((queue.held(), queue.missing()), (0, Some(20)));
    }

    proptest! {
        #[test]
        fn any_seeks_and_writes_stay_within_bounds(steps in prop::collection::vec((0..6_u8, any::<i64>(), 0..40_usize), 0..60)) {
            let mut queue = queue(100, 20, 10, 4);
            for (step, offset, length) in steps {
                let near = offset % 200;
                match step {
                    0 => queue.seek(Seek::Relative(offset)),
                    1 => queue.seek(Seek::Absolute(offset)),
                    2 => queue.seek(Seek::OnRead(near)),
                    3 => queue.seek(Seek::FromEnd(near)),
                    4 => queue.flush(),
                    _ => prop_assert_eq!(popped(&mut queue, length).len() % 2, 0),
                }
                if queue.reserve(u32::try_from(length).unwrap() * 2, 1000) {
                    queue.push(&vec![7; length * 2]);
                }
                queue.missing();
                prop_assert!(queue.held() <= 100);
            }
        }
    }
}
