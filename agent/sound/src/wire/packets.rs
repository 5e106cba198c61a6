//! Cuts what a client sends into packets, whose lengths are judged before anything of them is read.

use super::{HEAD, LARGEST_COMMAND, LARGEST_SOUND, NONE};

/// Why a client cannot be understood any more. It is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A length that no packet has.
    #[error("a packet of {0} bytes is too long")]
    TooLong(u32),
    /// Memory that both sides see was refused when the client said who it is.
    #[error("a packet is in shared memory, which was refused")]
    Shared,
}

/// Where in its stream sound belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seek {
    /// From where the sound before ended.
    Relative(i64),
    /// From the beginning of the stream.
    Absolute(i64),
    /// From what is played next.
    OnRead(i64),
    /// From the end of all sound.
    FromEnd(i64),
}

/// What was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A whole command.
    Command(&'a [u8]),
    /// Sound begins, of so many bytes.
    Begin { channel: u32, seek: Seek, length: u32 },
    /// Some of its bytes.
    Sound(&'a [u8]),
}

/// What is inside at the moment.
#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Command { length: usize },
    Sound { left: usize },
}

/// The packets of one client.
#[derive(Debug)]
pub struct Packets {
    state: State,
    /// Of a head or a command, what has come of it.
    kept: Vec<u8>,
}

impl Default for Packets {
    fn default() -> Self {
        Self { state: State::Head, kept: Vec::new() }
    }
}

/// Kept between commands; a larger one gives its memory back.
const KEPT: usize = 4096;

impl Packets {
    /// Whether a packet has begun and has not come to its end.
    pub fn unfinished(&self) -> bool {
        !matches!(self.state, State::Head) || !self.kept.is_empty()
    }

    /// Takes what has come, and gives each packet of it to `give`, until that fails.
    pub fn receive<E: From<Broken>>(
        &mut self,
        mut bytes: &[u8],
        mut give: impl FnMut(Packet<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Head => self.head(bytes, &mut give)?,
                State::Command { length } => self.command(bytes, length, &mut give)?,
                State::Sound { left } => {
                    let (sound, rest) = bytes.split_at(left.min(bytes.len()));
                    self.state =
                        if sound.len() == left { State::Head } else { State::Sound { left: left - sound.len() } };
                    give(Packet::Sound(sound))?;
                    rest
                }
            };
        }
        Ok(())
    }

    /// Keeps bytes until there are so many; what is more is returned.
    fn keep<'a>(&mut self, bytes: &'a [u8], length: usize) -> &'a [u8] {
        let (kept, rest) = bytes.split_at(length.saturating_sub(self.kept.len()).min(bytes.len()));
        self.kept.extend(kept);
        rest
    }

    fn head<'a, E: From<Broken>>(
        &mut self,
        bytes: &'a [u8],
        give: &mut impl FnMut(Packet<'_>) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        let rest = self.keep(bytes, HEAD);
        let Ok(head) = <[u8; HEAD]>::try_from(self.kept.as_slice()) else { return Ok(rest) };
        self.kept.clear();
        self.state = begin(&head, give)?;
        Ok(rest)
    }

    fn command<'a, E: From<Broken>>(
        &mut self,
        bytes: &'a [u8],
        length: usize,
        give: &mut impl FnMut(Packet<'_>) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        if let (true, Some((command, rest))) = (self.kept.is_empty(), bytes.split_at_checked(length)) {
            self.state = State::Head;
            give(Packet::Command(command))?;
            return Ok(rest);
        }
        let rest = self.keep(bytes, length);
        if self.kept.len() == length {
            self.state = State::Head;
            let given = give(Packet::Command(&self.kept));
            self.kept.clear();
            self.kept.shrink_to(KEPT);
            given?;
        }
        Ok(rest)
    }
}

/// What follows a head.
fn begin<E: From<Broken>>(head: &[u8; HEAD], give: &mut impl FnMut(Packet<'_>) -> Result<(), E>) -> Result<State, E> {
    let (words, _) = head.as_chunks::<4>();
    let mut words = words.iter().map(|word| u32::from_be_bytes(*word));
    let [length, channel, high, low, flags] = std::array::from_fn(|_| words.next().unwrap_or_default());
    if flags & 0xe000_0000 != 0 {
        return Err(Broken::Shared.into());
    }
    let largest = if channel == NONE { LARGEST_COMMAND } else { LARGEST_SOUND };
    if length > largest {
        return Err(Broken::TooLong(length).into());
    }
    let bytes = usize::try_from(length).map_err(|_| Broken::TooLong(length))?;
    if channel == NONE {
        return Ok(if bytes == 0 { State::Head } else { State::Command { length: bytes } });
    }
    let offset = (i64::from(high) << 32) | i64::from(low);
    let seek = match flags & 0xff {
        1 => Seek::Absolute(offset),
        2 => Seek::OnRead(offset),
        3 => Seek::FromEnd(offset),
        _ => Seek::Relative(offset),
    };
    give(Packet::Begin { channel, seek, length })?;
    Ok(if bytes == 0 { State::Head } else { State::Sound { left: bytes } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(length: u32, channel: u32, offset: i64, flags: u32) -> Vec<u8> {
        let offset = offset.to_be_bytes();
        [&length.to_be_bytes()[..], &channel.to_be_bytes(), &offset, &flags.to_be_bytes()].concat()
    }

    /// What is received in pieces of these lengths, in turns, with the bytes of sound counted together.
    fn received(bytes: &[u8], pieces: &[usize]) -> Result<Vec<String>, Broken> {
        let (mut packets, mut all, mut sound, mut rest) = (Packets::default(), Vec::new(), 0, bytes);
        for piece in pieces.iter().cycle() {
            let (now, later) = rest.split_at((*piece).min(rest.len()));
            packets.receive(now, |packet| {
                match packet {
                    Packet::Sound(bytes) => sound += bytes.len(),
                    packet => all.push(format!("{packet:?}")),
                }
                Ok::<_, Broken>(())
            })?;
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        assert!(!packets.unfinished());
        all.push(format!("{sound}"));
        Ok(all)
    }

    #[test]
    fn lengths_are_judged_before_their_packets_come() {
        let too_long = |length, channel| received(&head(length, channel, 0, 0), &[HEAD]).unwrap_err();
        assert_eq!(too_long(u32::MAX, NONE), Broken::TooLong(u32::MAX));
        assert_eq!(too_long(LARGEST_COMMAND + 1, NONE), Broken::TooLong(LARGEST_COMMAND + 1));
        assert_eq!(too_long(LARGEST_SOUND + 1, 0), Broken::TooLong(LARGEST_SOUND + 1));
        for flags in [0x8000_0000, 0x4000_0000, 0xc000_0000, 0x2000_0000] {
            assert_eq!(received(&head(0, NONE, 0, flags), &[HEAD]), Err(Broken::Shared));
        }
    }

    #[test]
    fn a_large_command_gives_its_memory_back() {
        let mut packets = Packets::default();
        let body = vec![0; 100_000];
        for piece in [head(100_000, NONE, 0, 0), body].concat().chunks(999) {
            packets.receive(piece, |_| Ok::<_, Broken>(())).unwrap();
        }
        assert!(packets.kept.capacity() <= KEPT);
    }

    proptest! {
        #[test]
        fn packets_are_the_same_however_they_come(pieces in prop::collection::vec(1..100_usize, 1..9)) {
            let bytes = [
                head(3, NONE, 0, 0), b"abc".to_vec(), head(0, NONE, 0, 0), head(120, 5, -4, 2), vec![1; 120],
                head(0, 6, 1 << 40, 1), head(2, 7, 0, 3), vec![2; 2], head(1, NONE, 0, 0), b"d".to_vec(),
            ].concat();
            prop_assert_eq!(received(&bytes, &pieces), received(&bytes, &[bytes.len()]));
        }
    }
}
