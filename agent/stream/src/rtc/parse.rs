//! The binary messages of the data channels `input` and `motion`.
//!
//! A message is a type byte and what belongs to it, little endian; several may
//! follow each other. What comes here is whatever a browser, or somebody who
//! says to be one, sent.
//!
//! | type | rest | meaning |
//! |---|---|---|
//! | 1 | u8 pressed, u16 code | key, `KEY_*` |
//! | 2 | u8 pressed, u16 code | mouse button, `BTN_*` |
//! | 3 | u8 0, u16 x, u16 y | pointer's place, 0 to 65535 across the picture |
//! | 4 | u8 0, i16 dx, i16 dy | pointer's move, pixels |
//! | 5 | u8 axis (1: horizontal), i16 value | wheel, 1/120 of a notch |
//! | 6 | u8 0 | everything is let go |
//! | 7 | u8 pad, u32 buttons, 4 i16 axes, 2 u8 triggers | state of a controller |

use crate::media::InputEvent;

/// The events of one data channel message, in order.
#[derive(Debug, Clone)]
pub struct Events<'a> {
    rest: &'a [u8],
}

/// Reads one data channel message. The events end where a type is unknown or
/// the bytes do not suffice; [`Events::ignored`] tells what was left.
pub fn events(message: &[u8]) -> Events<'_> {
    Events { rest: message }
}

impl Events<'_> {
    /// Bytes that made no event, once the events are through.
    pub fn ignored(&self) -> usize {
        self.rest.len()
    }
}

impl Iterator for Events<'_> {
    type Item = InputEvent;

    fn next(&mut self) -> Option<InputEvent> {
        let (event, rest) = first(self.rest)?;
        self.rest = rest;
        Some(event)
    }
}

fn first(bytes: &[u8]) -> Option<(InputEvent, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    match kind {
        1 | 2 => {
            let ([pressed, low, high], rest) = rest.split_first_chunk()?;
            let (code, pressed) = (u16::from_le_bytes([*low, *high]), *pressed != 0);
            let key = *kind == 1;
            Some((if key { InputEvent::Key { code, pressed } } else { InputEvent::Button { code, pressed } }, rest))
        }
        3 | 4 => {
            let ([_, a, b, c, d], rest) = rest.split_first_chunk()?;
            let (first, second) = ([*a, *b], [*c, *d]);
            let absolute = InputEvent::Absolute { x: u16::from_le_bytes(first), y: u16::from_le_bytes(second) };
            let relative = InputEvent::Relative { dx: i16::from_le_bytes(first), dy: i16::from_le_bytes(second) };
            Some((if *kind == 3 { absolute } else { relative }, rest))
        }
        5 => {
            let ([axis, low, high], rest) = rest.split_first_chunk()?;
            let value = i16::from_le_bytes([*low, *high]);
            Some((InputEvent::Wheel { horizontal: *axis == 1, value }, rest))
        }
        6 => Some((InputEvent::ReleaseAll, rest.split_first()?.1)),
        7 => gamepad(rest),
        _ => None,
    }
}

fn gamepad(bytes: &[u8]) -> Option<(InputEvent, &[u8])> {
    let ([pad], rest) = bytes.split_first_chunk()?;
    let (buttons, mut rest) = rest.split_first_chunk()?;
    let mut axes = [0; 4];
    for axis in &mut axes {
        let (value, after) = rest.split_first_chunk()?;
        *axis = i16::from_le_bytes(*value);
        rest = after;
    }
    let (triggers, rest) = rest.split_first_chunk()?;
    let buttons = u32::from_le_bytes(*buttons);
    Some((InputEvent::Gamepad { pad: *pad, buttons, axes, triggers: *triggers }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encode(event: InputEvent) -> Vec<u8> {
        let head = |kind: u8, second: u8| vec![kind, second];
        match event {
            InputEvent::Key { code, pressed } => [head(1, pressed.into()), code.to_le_bytes().into()].concat(),
            InputEvent::Button { code, pressed } => [head(2, pressed.into()), code.to_le_bytes().into()].concat(),
            InputEvent::Absolute { x, y } => [head(3, 0), x.to_le_bytes().into(), y.to_le_bytes().into()].concat(),
            InputEvent::Relative { dx, dy } => [head(4, 0), dx.to_le_bytes().into(), dy.to_le_bytes().into()].concat(),
            InputEvent::Wheel { horizontal, value } => {
                [head(5, horizontal.into()), value.to_le_bytes().into()].concat()
            }
            InputEvent::ReleaseAll => head(6, 0),
            InputEvent::Gamepad { pad, buttons, axes, triggers } => {
                let axes = axes.iter().flat_map(|axis| axis.to_le_bytes()).collect();
                [head(7, pad), buttons.to_le_bytes().into(), axes, triggers.into()].concat()
            }
        }
    }

    fn event() -> impl Strategy<Value = InputEvent> {
        prop_oneof![
            (any::<u16>(), any::<bool>()).prop_map(|(code, pressed)| InputEvent::Key { code, pressed }),
            (any::<u16>(), any::<bool>()).prop_map(|(code, pressed)| InputEvent::Button { code, pressed }),
            (any::<u16>(), any::<u16>()).prop_map(|(x, y)| InputEvent::Absolute { x, y }),
            (any::<i16>(), any::<i16>()).prop_map(|(dx, dy)| InputEvent::Relative { dx, dy }),
            (any::<bool>(), any::<i16>()).prop_map(|(horizontal, value)| InputEvent::Wheel { horizontal, value }),
            Just(InputEvent::ReleaseAll),
            (any::<u8>(), any::<u32>(), any::<[i16; 4]>(), any::<[u8; 2]>())
                .prop_map(|(pad, buttons, axes, triggers)| InputEvent::Gamepad { pad, buttons, axes, triggers }),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut events = events(&bytes);
            let used: usize = events.by_ref().map(|event| encode(event).len()).sum();
            prop_assert_eq!(used + events.ignored(), bytes.len());
        }

        #[test]
        fn what_was_sent_comes_out(sent in prop::collection::vec(event(), 0..20), cut in 0_usize..4) {
            let mut bytes: Vec<u8> = sent.iter().flat_map(|event| encode(*event)).collect();
            let whole = events(&bytes);
            prop_assert_eq!(whole.clone().collect::<Vec<_>>(), sent.clone());
            bytes.extend(std::iter::repeat_n(99, cut));
            let mut odd = events(&bytes);
            prop_assert_eq!(odd.by_ref().collect::<Vec<_>>(), sent);
            prop_assert_eq!(odd.ignored(), cut);
        }
    }

    #[test]
    fn the_table_in_bytes() {
        let bytes = [1, 1, 30, 0, 3, 0, 0xff, 0xff, 0, 0x80, 4, 0, 0xff, 0xff, 1, 0, 5, 1, 0x88, 0xff, 2, 1];
        let mut events = events(&bytes);
        let expected = [
            InputEvent::Key { code: 30, pressed: true },
            InputEvent::Absolute { x: 65535, y: 32768 },
            InputEvent::Relative { dx: -1, dy: 1 },
            InputEvent::Wheel { horizontal: true, value: -120 },
        ];
        assert_eq!(events.by_ref().collect::<Vec<_>>(), expected);
        assert_eq!(events.ignored(), 2, "a button without its code");
    }
}
