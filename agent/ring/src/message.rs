//! The messages: 32 bytes each, little endian. A kind, five words, a time.

use crate::planes::{Planes, REFRESH_RATES, SizeError};

/// The length of every message, bytes.
pub const SIZE: usize = 32;
/// The slots of a ring: one is written, one waits, one is being encoded, one can be encoded once more.
pub const SLOTS: u32 = 4;
/// The longest text of a clipboard, bytes of UTF-8.
pub const MAX_CLIPBOARD: u32 = 64 << 10;
/// The longest keymap, bytes. Those of xkeyboard-config have up to 100 KiB.
pub const MAX_KEYMAP: u32 = 1 << 20;
/// The end of the axes of [`ToDisplay::Absolute`].
pub const EXTENT: u32 = u16::MAX as u32;

/// What a display server says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromDisplay {
    /// The memory that pictures are in from now on, as the descriptor. Each ring has the number after the last one's.
    Ring {
        /// Its number.
        generation: u32,
        /// The size of its pictures.
        planes: Planes,
    },
    /// A picture is in this slot, which is the streamer's until [`ToDisplay::Release`].
    Frame {
        /// The ring.
        generation: u32,
        /// The slot.
        slot: u32,
        /// When the game committed it: `CLOCK_MONOTONIC`, nanoseconds.
        time: u64,
    },
    /// The mode with this number is set; each picture from now on was taken in it.
    ModeSet {
        /// As it came with [`ToDisplay::Mode`].
        serial: u32,
    },
    /// A program put text on the clipboard: the descriptor, see [`crate::text`].
    Clipboard {
        /// Its length.
        bytes: u32,
    },
}

/// What a streamer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToDisplay {
    /// The picture in this slot is not needed any more.
    Release {
        /// The ring.
        generation: u32,
        /// The slot.
        slot: u32,
    },
    /// A key goes down or up.
    Key {
        /// The kernel's code.
        code: u16,
        /// Down.
        pressed: bool,
        /// What it types, by the keymap's number.
        keymap: u32,
    },
    /// The pointer goes to a place of the picture, whose sides are [`EXTENT`] long.
    Absolute {
        /// From the left.
        x: u16,
        /// From the top.
        y: u16,
    },
    /// The pointer moves.
    Relative {
        /// Pixels to the right.
        dx: i32,
        /// Pixels downwards.
        dy: i32,
    },
    /// A button of the pointer goes down or up.
    Button {
        /// The kernel's code.
        code: u16,
        /// Down.
        pressed: bool,
    },
    /// The wheel turns.
    Axis {
        /// Sideways.
        horizontal: bool,
        /// 1/120 of a notch; positive is down or to the right.
        value: i32,
    },
    /// A keymap, as text in the descriptor, see [`crate::text`].
    Keymap {
        /// Its number.
        number: u32,
        /// Its length.
        bytes: u32,
    },
    /// A keymap that no key will name any more.
    ForgetKeymap {
        /// Its number.
        number: u32,
    },
    /// Another mode of the display. Answered by [`FromDisplay::ModeSet`].
    Mode {
        /// For the answer.
        serial: u32,
        /// The size.
        planes: Planes,
        /// Hz.
        refresh_rate: u32,
    },
    /// Whether pictures are wanted, and how many a second at most; 0 means all.
    Run {
        /// Wanted.
        wanted: bool,
        /// A second.
        frame_rate: u32,
    },
    /// One picture as it is now, even if nothing changed and none are wanted.
    Refresh,
    /// Text of a player for the clipboard: the descriptor, see [`crate::text`].
    Clipboard {
        /// Its length.
        bytes: u32,
    },
}

/// A message that makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not one of the kinds that this side takes.
    #[error("invalid message: unknown kind {0}")]
    Kind(u32),
    /// A field out of its range.
    #[error("invalid message {message}: {field} {value} is out of range")]
    Field {
        /// The message.
        message: &'static str,
        /// The field.
        field: &'static str,
        /// What it had.
        value: u32,
    },
    /// The size of a picture.
    #[error("invalid message {0}: {1}")]
    Size(&'static str, SizeError),
}

/// A message of one of the two directions.
pub trait Message: Sized {
    /// As it is sent.
    fn encode(self) -> [u8; SIZE];
    /// What was received.
    fn decode(bytes: &[u8; SIZE]) -> Result<Self, Invalid>;
    /// Whether a descriptor comes with it.
    fn has_descriptor(&self) -> bool;
}

/// The bytes of a message, as words.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Words {
    pub(crate) kind: u32,
    pub(crate) fields: [u32; 5],
    pub(crate) time: u64,
}

impl Words {
    pub(crate) fn new<const N: usize>(kind: u32, from: [u32; N]) -> Self {
        let mut fields = [0; 5];
        fields.iter_mut().zip(from).for_each(|(field, value)| *field = value);
        Self { kind, fields, time: 0 }
    }

    fn at(mut self, time: u64) -> Self {
        self.time = time;
        self
    }

    pub(crate) fn encode(self) -> [u8; SIZE] {
        let words = std::iter::once(self.kind).chain(self.fields).flat_map(u32::to_le_bytes);
        let mut bytes = [0; SIZE];
        bytes.iter_mut().zip(words.chain(self.time.to_le_bytes())).for_each(|(byte, value)| *byte = value);
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; SIZE]) -> Self {
        let (words, time) = bytes.split_at(24);
        let (words, _) = words.as_chunks::<4>();
        let mut words = words.iter().map(|word| u32::from_le_bytes(*word));
        let kind = words.next().unwrap_or_default();
        let time = time.first_chunk().map_or(0, |time| u64::from_le_bytes(*time));
        Self { kind, fields: std::array::from_fn(|_| words.next().unwrap_or_default()), time }
    }
}

fn flag(message: &'static str, field: &'static str, value: u32) -> Result<bool, Invalid> {
    match value {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Invalid::Field { message, field, value }),
    }
}

fn short(message: &'static str, field: &'static str, value: u32) -> Result<u16, Invalid> {
    u16::try_from(value).map_err(|_| Invalid::Field { message, field, value })
}

fn at_most(message: &'static str, field: &'static str, value: u32, most: u32) -> Result<u32, Invalid> {
    if value <= most { Ok(value) } else { Err(Invalid::Field { message, field, value }) }
}

fn size(message: &'static str, width: u32, height: u32) -> Result<Planes, Invalid> {
    Planes::new(width, height).map_err(|error| Invalid::Size(message, error))
}

impl Message for FromDisplay {
    fn encode(self) -> [u8; SIZE] {
        match self {
            Self::Ring { generation, planes } => Words::new(1, [generation, planes.width(), planes.height()]),
            Self::Frame { generation, slot, time } => Words::new(2, [generation, slot]).at(time),
            Self::ModeSet { serial } => Words::new(3, [serial]),
            Self::Clipboard { bytes } => Words::new(4, [bytes]),
        }
        .encode()
    }

    fn decode(bytes: &[u8; SIZE]) -> Result<Self, Invalid> {
        let Words { kind, fields: [a, b, c, ..], time } = Words::decode(bytes);
        Ok(match kind {
            1 => Self::Ring { generation: a, planes: size("Ring", b, c)? },
            2 => Self::Frame { generation: a, slot: at_most("Frame", "slot", b, SLOTS - 1)?, time },
            3 => Self::ModeSet { serial: a },
            4 => Self::Clipboard { bytes: at_most("Clipboard", "bytes", a, MAX_CLIPBOARD)? },
            kind => return Err(Invalid::Kind(kind)),
        })
    }

    fn has_descriptor(&self) -> bool {
        matches!(self, Self::Ring { .. } | Self::Clipboard { .. })
    }
}

impl Message for ToDisplay {
    fn encode(self) -> [u8; SIZE] {
        match self {
            Self::Release { generation, slot } => Words::new(16, [generation, slot]),
            Self::Key { code, pressed, keymap } => Words::new(17, [code.into(), pressed.into(), keymap]),
            Self::Absolute { x, y } => Words::new(18, [x.into(), y.into()]),
            Self::Relative { dx, dy } => Words::new(19, [dx.cast_unsigned(), dy.cast_unsigned()]),
            Self::Button { code, pressed } => Words::new(20, [code.into(), pressed.into()]),
            Self::Axis { horizontal, value } => Words::new(21, [horizontal.into(), value.cast_unsigned()]),
            Self::Keymap { number, bytes } => Words::new(22, [number, bytes]),
            Self::ForgetKeymap { number } => Words::new(23, [number]),
            Self::Mode { serial, planes, refresh_rate } => {
                Words::new(24, [serial, planes.width(), planes.height(), refresh_rate])
            }
            Self::Run { wanted, frame_rate } => Words::new(25, [wanted.into(), frame_rate]),
            Self::Refresh => Words::new(26, []),
            Self::Clipboard { bytes } => Words::new(27, [bytes]),
        }
        .encode()
    }

    fn decode(bytes: &[u8; SIZE]) -> Result<Self, Invalid> {
        let Words { kind, fields: [a, b, c, d, _], .. } = Words::decode(bytes);
        Ok(match kind {
            16 => Self::Release { generation: a, slot: at_most("Release", "slot", b, SLOTS - 1)? },
            17 => Self::Key { code: short("Key", "code", a)?, pressed: flag("Key", "pressed", b)?, keymap: c },
            18 => Self::Absolute { x: short("Absolute", "x", a)?, y: short("Absolute", "y", b)? },
            19 => Self::Relative { dx: a.cast_signed(), dy: b.cast_signed() },
            20 => Self::Button { code: short("Button", "code", a)?, pressed: flag("Button", "pressed", b)? },
            21 => Self::Axis { horizontal: flag("Axis", "horizontal", a)?, value: b.cast_signed() },
            22 => Self::Keymap { number: a, bytes: at_most("Keymap", "bytes", b, MAX_KEYMAP)? },
            23 => Self::ForgetKeymap { number: a },
            24 if REFRESH_RATES.contains(&d) => Self::Mode { serial: a, planes: size("Mode", b, c)?, refresh_rate: d },
            24 => return Err(Invalid::Field { message: "Mode", field: "refresh rate", value: d }),
            25 => {
                let most = *REFRESH_RATES.end();
                Self::Run { wanted: flag("Run", "wanted", a)?, frame_rate: at_most("Run", "frame rate", b, most)? }
            }
            26 => Self::Refresh,
            27 => Self::Clipboard { bytes: at_most("Clipboard", "bytes", a, MAX_CLIPBOARD)? },
            kind => return Err(Invalid::Kind(kind)),
        })
    }

    fn has_descriptor(&self) -> bool {
        matches!(self, Self::Keymap { .. } | Self::Clipboard { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn planes() -> Planes {
        Planes::new(1366, 768).unwrap()
    }

    #[test]
    fn what_is_sent_is_what_is_received() {
        for message in [
            FromDisplay::Ring { generation: 7, planes: planes() },
            FromDisplay::Frame { generation: u32::MAX, slot: SLOTS - 1, time: u64::MAX - 1 },
            FromDisplay::ModeSet { serial: 3 },
            FromDisplay::Clipboard { bytes: MAX_CLIPBOARD },
        ] {
            assert_eq!(FromDisplay::decode(&message.encode()), Ok(message));
        }
        for message in [
            ToDisplay::Release { generation: 1, slot: 3 },
            ToDisplay::Key { code: 30, pressed: true, keymap: 9 },
            ToDisplay::Absolute { x: 0, y: u16::MAX },
            ToDisplay::Relative { dx: -5, dy: i32::MAX },
            ToDisplay::Button { code: 0x110, pressed: false },
            ToDisplay::Axis { horizontal: true, value: -240 },
            ToDisplay::Keymap { number: 2, bytes: MAX_KEYMAP },
            ToDisplay::ForgetKeymap { number: 2 },
            ToDisplay::Mode { serial: 4, planes: planes(), refresh_rate: 240 },
            ToDisplay::Run { wanted: true, frame_rate: 0 },
            ToDisplay::Refresh,
            ToDisplay::Clipboard { bytes: 0 },
        ] {
            assert_eq!(ToDisplay::decode(&message.encode()), Ok(message));
        }
    }

    /// The bytes of a message with these words.
    fn bytes(kind: u32, words: [u32; 5]) -> [u8; SIZE] {
        Words::new(kind, words).encode()
    }

    #[test]
    fn what_a_display_may_not_say() {
        for (kind, words, error) in [
            (0, [0; 5], "unknown kind 0"),
            (16, [0; 5], "unknown kind 16"),
            (1, [0, 1367, 768, 0, 0], "invalid message Ring: invalid size 1367x768"),
            (1, [0, u32::MAX, u32::MAX, 0, 0], "invalid message Ring: invalid size"),
            (2, [0, SLOTS, 0, 0, 0], "invalid message Frame: slot 4 is out of range"),
            (4, [MAX_CLIPBOARD + 1, 0, 0, 0, 0], "invalid message Clipboard: bytes 65537"),
        ] {
            let refused = FromDisplay::decode(&bytes(kind, words)).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
    }

    #[test]
    fn what_a_streamer_may_not_say() {
        for (kind, words, error) in [
            (1, [0; 5], "unknown kind 1"),
            (16, [0, SLOTS, 0, 0, 0], "Release: slot 4"),
            (17, [1 << 16, 1, 0, 0, 0], "Key: code 65536"),
            (17, [30, 2, 0, 0, 0], "Key: pressed 2"),
            (18, [EXTENT + 1, 0, 0, 0, 0], "Absolute: x 65536"),
            (22, [0, MAX_KEYMAP + 1, 0, 0, 0], "Keymap: bytes 1048577"),
            (24, [0, 640, 480, 0, 0], "Mode: refresh rate 0"),
            (24, [0, 640, 480, 241, 0], "Mode: refresh rate 241"),
            (24, [0, 640, 481, 60, 0], "Mode: invalid size 640x481"),
            (25, [1, 241, 0, 0, 0], "Run: frame rate 241"),
        ] {
            let refused = ToDisplay::decode(&bytes(kind, words)).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
    }

    proptest! {
        /// What is taken is within its bounds, and only that is sent again.
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes: [u8; SIZE], kind in 0..32u32) {
            let mut bytes = bytes;
            bytes[..4].copy_from_slice(&kind.to_le_bytes());
            if let Ok(message) = FromDisplay::decode(&bytes) {
                prop_assert_eq!(FromDisplay::decode(&message.encode()), Ok(message));
            }
            if let Ok(message) = ToDisplay::decode(&bytes) {
                prop_assert_eq!(ToDisplay::decode(&message.encode()), Ok(message));
            }
        }
    }
}
