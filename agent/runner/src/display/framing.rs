//! Where the messages of a streamer begin and end, followed while they are read (D-Bus Specification, "Message Format").
//!
//! zbus takes memory for a whole message as soon as its header is there, up to the 128 MiB that D-Bus allows, so a
//! header that announces too much has to be seen before zbus sees it.

use thiserror::Error;

/// The longest message in bytes: ten times all properties of a display with as many viewers as can be. A picture
/// comes as a descriptor.
pub(super) const MESSAGE: usize = 128 * 1024;
/// The longest header fields: a path, a few names, a signature.
const FIELDS: usize = 4 * 1024;
/// Descriptors that come with one message.
pub(super) const DESCRIPTORS: usize = 1;
/// What every message begins with: byte order, type, flags, version, length of the body, serial, length of the fields.
const HEADER: usize = 16;
/// Types of messages. A streamer calls nobody.
const ANSWER: u8 = 2;
const EXPECTED: std::ops::RangeInclusive<u8> = ANSWER..=4;

/// What ends the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Violation {
    /// Neither `l` nor `B`.
    #[error("a message begins with the byte {0}, expected 108 (l) or 66 (B)")]
    ByteOrder(u8),
    /// A call, or no type at all.
    #[error("a message has the type {0}, expected an answer (2), an error (3) or a signal (4)")]
    Type(u8),
    /// Header fields that are too long.
    #[error("a message announces {0} bytes of header fields, expected at most {FIELDS}")]
    Fields(u32),
    /// A message that is too long.
    #[error("a message announces a body of {0} bytes, expected at most {MESSAGE} in all")]
    Body(u32),
    /// Descriptors that nobody asked for.
    #[error("a message brings {0} descriptors, expected at most {DESCRIPTORS}, and only with an answer")]
    Descriptors(usize),
}

/// The message that is being read.
#[derive(Debug, Default)]
pub(super) struct Frame {
    header: [u8; HEADER],
    /// Bytes of the header that are there.
    begun: usize,
    /// Bytes that are to follow the header, once that is there.
    left: usize,
    descriptors: usize,
}

impl Frame {
    /// Nothing of the message is there yet.
    pub(super) fn is_new(&self) -> bool {
        self.begun == 0
    }

    /// How much may be read at once: the rest of the header, or then of the message; never of the one after it.
    pub(super) fn wanted(&self) -> usize {
        if self.begun < HEADER { HEADER - self.begun } else { self.left }
    }

    /// Takes note of what was read, at most [`Self::wanted`]. Gives the length of the message where its header ends.
    ///
    /// # Errors
    /// It must not be read on.
    pub(super) fn take(&mut self, piece: &[u8], descriptors: usize) -> Result<Option<usize>, Violation> {
        self.descriptors += descriptors;
        let mut announced = None;
        if self.begun < HEADER {
            for (slot, byte) in self.header.iter_mut().skip(self.begun).zip(piece) {
                *slot = *byte;
                self.begun += 1;
            }
            if self.begun == HEADER {
                let length = self.length()?;
                self.left = length - HEADER;
                announced = Some(length);
            }
        } else {
            self.left = self.left.saturating_sub(piece.len());
        }
        self.check_descriptors()?;
        if self.begun == HEADER && self.left == 0 {
            *self = Self::default();
        }
        Ok(announced)
    }

    /// The length of the message that the header announces.
    fn length(&self) -> Result<usize, Violation> {
        let [order, kind, _, _, b0, b1, b2, b3, _, _, _, _, f0, f1, f2, f3] = self.header;
        let number = match order {
            b'l' => u32::from_le_bytes,
            b'B' => u32::from_be_bytes,
            other => return Err(Violation::ByteOrder(other)),
        };
        if !EXPECTED.contains(&kind) {
            return Err(Violation::Type(kind));
        }
        let (body, fields) = (number([b0, b1, b2, b3]), number([f0, f1, f2, f3]));
        let short = usize::try_from(fields).ok().filter(|fields| *fields <= FIELDS);
        let head = HEADER + short.ok_or(Violation::Fields(fields))?.next_multiple_of(8);
        let length = usize::try_from(body).ok().and_then(|body| body.checked_add(head));
        length.filter(|length| *length <= MESSAGE).ok_or(Violation::Body(body))
    }

    /// Until the header is there nobody knows whether the message may bring any.
    fn check_descriptors(&self) -> Result<(), Violation> {
        let [_, kind, ..] = self.header;
        let most = if self.begun < HEADER || kind == ANSWER { DESCRIPTORS } else { 0 };
        if self.descriptors > most { Err(Violation::Descriptors(self.descriptors)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::message::Message;

    fn header(order: u8, kind: u8, body: u32, fields: u32) -> [u8; HEADER] {
        let bytes = if order == b'B' { u32::to_be_bytes } else { u32::to_le_bytes };
        let mut header = [order, kind, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0];
        header[4..8].copy_from_slice(&bytes(body));
        header[12..].copy_from_slice(&bytes(fields));
        header
    }

    fn said(header: [u8; HEADER]) -> Result<Option<usize>, Violation> {
        Frame::default().take(&header, 0)
    }

    #[test]
    fn real_messages_end_where_they_end_whatever_the_pieces() {
        let signal = |text: String| Message::signal("/a", "b.c", "D").build(&text).unwrap();
        let messages: Vec<Message> = (0..40).map(|length| signal("x".repeat(length * 7))).collect();
        for most in [1, 2, 3, 5, 8, 15, 16, 17, 100, 10_000] {
            let mut frame = Frame::default();
            for message in &messages {
                let mut rest: &[u8] = message.data();
                let (whole, mut announced) = (rest.len(), None);
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(most.min(frame.wanted()).min(rest.len()));
                    announced = announced.or(frame.take(piece, 0).unwrap());
                    rest = after;
                    assert_eq!(frame.is_new(), rest.is_empty(), "pieces of {most}");
                }
                assert_eq!(announced, Some(whole));
            }
        }
    }

    #[test]
    fn a_header_that_announces_too_much_is_refused() {
        let most = u32::try_from(MESSAGE - HEADER).unwrap();
        for order in [b'l', b'B'] {
            assert_eq!(said(header(order, 4, most, 0)), Ok(Some(MESSAGE)));
            assert_eq!(said(header(order, 4, most + 1, 0)), Err(Violation::Body(most + 1)));
            assert_eq!(said(header(order, 4, most, 1)), Err(Violation::Body(most)), "padding counts");
            for body in [127 << 20, 1 << 31, u32::MAX] {
                assert_eq!(said(header(order, 2, body, 0)), Err(Violation::Body(body)));
            }
            for fields in [u32::try_from(FIELDS).unwrap() + 1, u32::MAX] {
                assert_eq!(said(header(order, 2, 0, fields)), Err(Violation::Fields(fields)));
            }
        }
    }

    #[test]
    fn bad_framing_is_refused() {
        for order in (0..=u8::MAX).filter(|order| !b"lB".contains(order)) {
            assert_eq!(said(header(order, 4, 0, 0)), Err(Violation::ByteOrder(order)));
        }
        for kind in [0, 1, 5, 255] {
            assert_eq!(said(header(b'l', kind, 0, 0)), Err(Violation::Type(kind)), "nobody is called here");
        }
    }

    #[test]
    fn only_an_answer_brings_a_descriptor_and_no_more_than_one() {
        let at = |kind: u8, descriptors: [usize; 3]| {
            let (mut frame, header) = (Frame::default(), header(b'l', kind, 8, 0));
            frame.take(&header[..1], descriptors[0])?;
            frame.take(&header[1..], descriptors[1])?;
            frame.take(&[0; 8], descriptors[2])
        };
        for one in [[1, 0, 0], [0, 1, 0], [0, 0, 1]] {
            assert!(at(ANSWER, one).is_ok(), "{one:?}");
            assert_eq!(at(4, one), Err(Violation::Descriptors(1)), "{one:?}");
        }
        for more in [[2, 0, 0], [1, 1, 0], [1, 0, 1], [0, 1, 1], [0, 0, 3]] {
            assert!(at(ANSWER, more).is_err(), "{more:?}");
        }
    }
}
