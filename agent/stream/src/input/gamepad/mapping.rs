//! The standard mapping of the Gamepad API as events of an Xbox 360 controller.
//!
//! Sources: W3C Gamepad, "Remapping" (the standard gamepad), and the kernel's
//! `drivers/input/joystick/xpad.c`.

use input_linux::sys::{self, input_event, timeval};

/// Which key a button of the standard mapping is.
const BUTTONS: [(u32, i32); 11] = [
    (0, sys::BTN_A),
    (1, sys::BTN_B),
    (2, sys::BTN_X),
    (3, sys::BTN_Y),
    (4, sys::BTN_TL),
    (5, sys::BTN_TR),
    (8, sys::BTN_SELECT),
    (9, sys::BTN_START),
    (10, sys::BTN_THUMBL),
    (11, sys::BTN_THUMBR),
    (16, sys::BTN_MODE),
];
/// The directional pad is an axis: which one, and the buttons of its two ends.
const HATS: [(i32, u32, u32); 2] = [(sys::ABS_HAT0X, 14, 15), (sys::ABS_HAT0Y, 12, 13)];
const STICKS: [i32; 4] = [sys::ABS_X, sys::ABS_Y, sys::ABS_RX, sys::ABS_RY];
const TRIGGERS: [i32; 2] = [sys::ABS_Z, sys::ABS_RZ];

/// The whole state of a controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::input) struct PadState {
    /// One bit a button of the standard mapping.
    pub(in crate::input) buttons: u32,
    /// Left x and y, right x and y.
    pub(in crate::input) axes: [i16; 4],
    /// Left and right.
    pub(in crate::input) triggers: [u8; 2],
}

impl PadState {
    fn pressed(&self, button: u32) -> bool {
        self.buttons >> button & 1 == 1
    }

    /// Type, code and value of everything that the controller has.
    fn values(&self) -> impl Iterator<Item = (i32, i32, i32)> {
        let keys = BUTTONS.map(|(button, key)| (sys::EV_KEY, key, i32::from(self.pressed(button))));
        let hats = HATS
            .map(|(axis, low, high)| (sys::EV_ABS, axis, i32::from(self.pressed(high)) - i32::from(self.pressed(low))));
        let sticks = STICKS.into_iter().zip(self.axes).map(|(axis, value)| (sys::EV_ABS, axis, i32::from(value)));
        let triggers =
            TRIGGERS.into_iter().zip(self.triggers).map(|(axis, value)| (sys::EV_ABS, axis, i32::from(value)));
        keys.into_iter().chain(hats).chain(sticks).chain(triggers)
    }

    /// The events that lead from another state to this one; none if nothing
    /// changed, else with the report that ends them.
    pub(super) fn since(&self, before: &Self) -> Vec<input_event> {
        let changed = self.values().zip(before.values()).filter(|(now, before)| now != before);
        let mut events: Vec<_> = changed.map(|((kind, code, value), _)| event(kind, code, value)).collect();
        if !events.is_empty() {
            events.push(event(sys::EV_SYN, sys::SYN_REPORT, 0));
        }
        events
    }
}

fn event(kind: i32, code: i32, value: i32) -> input_event {
    // Types and codes of the kernel are 16 bits wide.
    let narrow = |number: i32| u16::try_from(number).unwrap_or_default();
    input_event { time: timeval { tv_sec: 0, tv_usec: 0 }, type_: narrow(kind), code: narrow(code), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(now: PadState, before: PadState) -> Vec<(u16, u16, i32)> {
        now.since(&before).iter().map(|event| (event.type_, event.code, event.value)).collect()
    }

    #[test]
    fn buttons_are_those_of_an_xbox_controller() {
        // Linux input-event-codes.h: BTN_GAMEPAD block from 0x130, hats 0x10 and 0x11.
        for (button, expected) in [
            (0, (1, 0x130, 1)),
            (1, (1, 0x131, 1)),
            (2, (1, 0x133, 1)),
            (3, (1, 0x134, 1)),
            (4, (1, 0x136, 1)),
            (5, (1, 0x137, 1)),
            (8, (1, 0x13a, 1)),
            (9, (1, 0x13b, 1)),
            (10, (1, 0x13d, 1)),
            (11, (1, 0x13e, 1)),
            (12, (3, 0x11, -1)),
            (13, (3, 0x11, 1)),
            (14, (3, 0x10, -1)),
            (15, (3, 0x10, 1)),
            (16, (1, 0x13c, 1)),
        ] {
            let pressed = PadState { buttons: 1 << button, ..PadState::default() };
            assert_eq!(since(pressed, PadState::default()), [expected, (0, 0, 0)], "button {button}");
            let (kind, code, _) = expected;
            assert_eq!(since(PadState::default(), pressed), [(kind, code, 0), (0, 0, 0)]);
        }
        // The triggers are axes, and there are no other buttons.
        for button in [6, 7, 17, 31] {
            assert!(since(PadState { buttons: 1 << button, ..PadState::default() }, PadState::default()).is_empty());
        }
    }

    #[test]
    fn axes_are_told_when_they_move() {
        let moved = PadState { axes: [i16::MIN, i16::MAX, 1, -1], triggers: [255, 1], ..PadState::default() };
        let expected = [(3, 0, -32768), (3, 1, 32767), (3, 3, 1), (3, 4, -1), (3, 2, 255), (3, 5, 1), (0, 0, 0)];
        assert_eq!(since(moved, PadState::default()), expected);
        assert!(since(moved, moved).is_empty());
        let one = PadState { triggers: [255, 2], ..moved };
        assert_eq!(since(one, moved), [(3, 5, 2), (0, 0, 0)]);
    }

    #[test]
    fn opposite_ends_of_a_hat_cancel_out() {
        let both = PadState { buttons: 1 << 14 | 1 << 15, ..PadState::default() };
        assert!(since(both, PadState::default()).is_empty());
    }
}
