//! Events of an Xbox 360 controller for the standard mapping of the Gamepad API.
//!
//! Sources: W3C Gamepad, "Remapping" (the standard gamepad), and the kernel's
//! `drivers/input/joystick/xpad.c`.

use dillinger_ring::pad::State;
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

fn is_pressed(state: &State, button: u32) -> bool {
    state.buttons >> button & 1 == 1
}

/// Type, code and value of everything that the controller has.
fn values(state: &State) -> impl Iterator<Item = (i32, i32, i32)> {
    let pressed = |button| i32::from(is_pressed(state, button));
    let keys = BUTTONS.map(|(button, key)| (sys::EV_KEY, key, pressed(button)));
    let hats = HATS.map(|(axis, low, high)| (sys::EV_ABS, axis, pressed(high) - pressed(low)));
    let sticks = STICKS.into_iter().zip(state.axes).map(|(axis, value)| (sys::EV_ABS, axis, i32::from(value)));
    let triggers = TRIGGERS.into_iter().zip(state.triggers).map(|(axis, value)| (sys::EV_ABS, axis, i32::from(value)));
    keys.into_iter().chain(hats).chain(sticks).chain(triggers)
}

/// The events that lead to a state from the one before; none if nothing changed, else with the report that ends them. If
/// the one before is not known they say everything, and the kernel passes on what it did not have.
pub(super) fn events(now: &State, before: Option<&State>) -> Vec<input_event> {
    let mut before = before.map(values);
    let changed = values(now).filter(|value| before.as_mut().and_then(Iterator::next) != Some(*value));
    let mut events: Vec<_> = changed.map(|(kind, code, value)| event(kind, code, value)).collect();
    if !events.is_empty() {
        events.push(event(sys::EV_SYN, sys::SYN_REPORT, 0));
    }
    events
}

fn event(kind: i32, code: i32, value: i32) -> input_event {
    // Types and codes of the kernel are 16 bits wide.
    let narrow = |number: i32| u16::try_from(number).unwrap_or_default();
    input_event { time: timeval { tv_sec: 0, tv_usec: 0 }, type_: narrow(kind), code: narrow(code), value }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(now: State, before: State) -> Vec<(u16, u16, i32)> {
        events(&now, Some(&before)).iter().map(|event| (event.type_, event.code, event.value)).collect()
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
            let pressed = State { buttons: 1 << button, ..State::default() };
            assert_eq!(since(pressed, State::default()), [expected, (0, 0, 0)], "button {button}");
            let (kind, code, _) = expected;
            assert_eq!(since(State::default(), pressed), [(kind, code, 0), (0, 0, 0)]);
        }
        // The triggers are axes, and there are no other buttons.
        for button in [6, 7] {
            assert!(since(State { buttons: 1 << button, ..State::default() }, State::default()).is_empty());
        }
    }

    #[test]
    fn axes_are_told_when_they_move() {
        let moved = State { axes: [i16::MIN, i16::MAX, 1, -1], triggers: [255, 1], ..State::default() };
        let expected = [(3, 0, -32768), (3, 1, 32767), (3, 3, 1), (3, 4, -1), (3, 2, 255), (3, 5, 1), (0, 0, 0)];
        assert_eq!(since(moved, State::default()), expected);
        assert!(since(moved, moved).is_empty());
        let one = State { triggers: [255, 2], ..moved };
        assert_eq!(since(one, moved), [(3, 5, 2), (0, 0, 0)]);
    }

    #[test]
    fn opposite_ends_of_a_hat_cancel_out() {
        let both = State { buttons: 1 << 14 | 1 << 15, ..State::default() };
        assert!(since(both, State::default()).is_empty());
    }

    #[test]
    fn without_a_state_before_everything_is_said() {
        let events = events(&State { buttons: 1, ..State::default() }, None);
        assert_eq!(events.len(), BUTTONS.len() + HATS.len() + STICKS.len() + TRIGGERS.len() + 1);
        assert_eq!(events.iter().filter(|event| event.value != 0).count(), 1);
    }
}
