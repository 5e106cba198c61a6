//! A controller, between the streamer, which has the players, and the agent, which has the device of the kernel.
//!
//! A connection belongs to one controller. The streamer sends the whole [`State`] whenever it changes, and the agent
//! sends a [`Rumble`] whenever the motors are to run otherwise.

use crate::message::{Invalid, Message, SIZE, Words};

/// The buttons of the standard mapping of the Gamepad API, which are the lowest bits of [`State::buttons`].
pub const BUTTONS: u32 = 17;

const STATE: u32 = 30;
const RUMBLE: u32 = 31;

/// What a streamer says: the whole state of a controller. The default is one that nobody touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct State {
    /// One bit a button, in the order of the standard mapping; the first is the lowest.
    pub buttons: u32,
    /// Left x and y, right x and y; positive is to the right or down.
    pub axes: [i16; 4],
    /// Left and right, 0 to 255.
    pub triggers: [u8; 2],
}

/// What an agent says: how the motors are to run from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rumble {
    /// The heavy motor, 0 to 65535.
    pub strong: u16,
    /// The light motor, 0 to 65535.
    pub weak: u16,
    /// How long; 0 stops both.
    pub milliseconds: u16,
}

impl State {
    /// A state with those of these buttons that a controller has.
    pub fn new(buttons: u32, axes: [i16; 4], triggers: [u8; 2]) -> Self {
        Self { buttons: buttons & ((1 << BUTTONS) - 1), axes, triggers }
    }
}

/// Two numbers of 16 bits as one word, the first one low.
fn join(low: u16, high: u16) -> u32 {
    u32::from(low) | u32::from(high) << 16
}

fn split(word: u32) -> [u16; 2] {
    let [a, b, c, d] = word.to_le_bytes();
    [u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])]
}

/// Only a message whose unused bits are 0 makes sense.
fn all_zero(message: &'static str, unused: &[u32], time: u64) -> Result<(), Invalid> {
    // The time is two more words.
    let [low, high] = [time, time >> 32].map(|half| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default());
    match unused.iter().copied().chain([low, high]).find(|word| *word != 0) {
        Some(value) => Err(Invalid::Field { message, field: "unused", value }),
        None => Ok(()),
    }
}

impl Message for State {
    fn encode(self) -> [u8; SIZE] {
        let [x, y, right_x, right_y] = self.axes.map(i16::cast_unsigned);
        let [left, right] = self.triggers.map(u16::from);
        Words::new(STATE, [self.buttons, join(x, y), join(right_x, right_y), join(left, right)]).encode()
    }

    fn decode(bytes: &[u8; SIZE]) -> Result<Self, Invalid> {
        let Words { kind, fields: [buttons, left, right, triggers, unused], time } = Words::decode(bytes);
        if kind != STATE {
            return Err(Invalid::Kind(kind));
        }
        let field = |field, value| Invalid::Field { message: "State", field, value };
        if buttons >> BUTTONS != 0 {
            return Err(field("buttons", buttons));
        }
        let [[x, y], [right_x, right_y]] = [split(left), split(right)];
        let [left, right] = split(triggers).map(u8::try_from);
        let (Ok(left), Ok(right)) = (left, right) else { return Err(field("triggers", triggers)) };
        all_zero("State", &[unused], time)?;
        Ok(Self { buttons, axes: [x, y, right_x, right_y].map(u16::cast_signed), triggers: [left, right] })
    }

    fn has_descriptor(&self) -> bool {
        false
    }
}

impl Message for Rumble {
    fn encode(self) -> [u8; SIZE] {
        Words::new(RUMBLE, [join(self.strong, self.weak), self.milliseconds.into()]).encode()
    }

    fn decode(bytes: &[u8; SIZE]) -> Result<Self, Invalid> {
        let Words { kind, fields: [motors, milliseconds, unused @ ..], time } = Words::decode(bytes);
        if kind != RUMBLE {
            return Err(Invalid::Kind(kind));
        }
        let out_of_range = |_| Invalid::Field { message: "Rumble", field: "milliseconds", value: milliseconds };
        let milliseconds = u16::try_from(milliseconds).map_err(out_of_range)?;
        all_zero("Rumble", &unused, time)?;
        let [strong, weak] = split(motors);
        Ok(Self { strong, weak, milliseconds })
    }

    fn has_descriptor(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_sent_is_what_is_received() {
        for state in [
            State::default(),
            State { buttons: 1 << 16 | 1, axes: [i16::MIN, i16::MAX, -1, 1], triggers: [255, 1] },
            State::new(u32::MAX, [1, 2, 3, 4], [0, 255]),
        ] {
            assert_eq!(State::decode(&state.encode()), Ok(state));
        }
        for rumble in [Rumble::default(), Rumble { strong: u16::MAX, weak: 1, milliseconds: u16::MAX }] {
            assert_eq!(Rumble::decode(&rumble.encode()), Ok(rumble));
        }
        assert_eq!(State::new(u32::MAX, [0; 4], [0; 2]).buttons, 0x1_ffff);
    }

    #[test]
    fn what_nobody_may_say() {
        let words = |kind, fields: [u32; 5]| Words::new(kind, fields);
        for (message, error) in [
            (words(RUMBLE, [0; 5]), "unknown kind 31"),
            (words(0, [0; 5]), "unknown kind 0"),
            (words(STATE, [1 << 17, 0, 0, 0, 0]), "State: buttons 131072 is out of range"),
            (words(STATE, [0, 0, 0, 256, 0]), "State: triggers 256"),
            (words(STATE, [0, 0, 0, 256 << 16, 0]), "State: triggers 16777216"),
            (words(STATE, [0, 0, 0, 0, 7]), "State: unused 7"),
            (Words { time: 1 << 32, ..words(STATE, [0; 5]) }, "State: unused 1"),
        ] {
            let refused = State::decode(&message.encode()).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
        for (message, error) in [
            (words(STATE, [0; 5]), "unknown kind 30"),
            (words(RUMBLE, [0, 1 << 16, 0, 0, 0]), "Rumble: milliseconds 65536"),
            (words(RUMBLE, [0, 0, 0, 2, 0]), "Rumble: unused 2"),
        ] {
            let refused = Rumble::decode(&message.encode()).unwrap_err().to_string();
            assert!(refused.contains(error), "{refused}");
        }
    }

    proptest! {
        /// Each state has one form, and nothing else is taken.
        #[test]
        fn any_bytes_are_a_message_or_an_error(bytes: [u8; SIZE], kind in 29..33u32, last in 0..SIZE) {
            let mut bytes = bytes;
            bytes[..4].copy_from_slice(&kind.to_le_bytes());
            bytes[last..].fill(0);
            if let Ok(state) = State::decode(&bytes) {
                prop_assert_eq!(state.encode(), bytes);
            }
            if let Ok(rumble) = Rumble::decode(&bytes) {
                prop_assert_eq!(rumble.encode(), bytes);
            }
        }
    }
}
