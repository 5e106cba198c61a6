//! The wheel: browsers tell fractions of notches, the protocol knows notches.

/// As the kernel and Wayland count it.
const NOTCH: i32 = 120;

/// Fractions of notches that add up. One for each viewer.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    vertical: i32,
    horizontal: i32,
}

impl Wheel {
    /// The whole notches that are full with this value, 1/120 of a notch.
    /// Fractions of the other direction are forgotten when the direction turns.
    pub(super) fn turn(&mut self, horizontal: bool, value: i16) -> i32 {
        let rest = if horizontal { &mut self.horizontal } else { &mut self.vertical };
        let value = i32::from(value);
        if rest.signum() * value.signum() < 0 {
            *rest = 0;
        }
        let sum = *rest + value;
        *rest = sum % NOTCH;
        sum / NOTCH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_add_up_to_notches() {
        let mut wheel = Wheel::default();
        for (horizontal, value, notches) in [
            (false, 120, 1),
            (false, 50, 0),
            (true, -119, 0),
            (false, 50, 0),
            (false, 50, 1),
            (true, -1, -1),
            (false, -110, 0),
            (false, -10, -1),
            (false, i16::MAX, 273),
            (false, i16::MIN, -273),
            (false, 0, 0),
        ] {
            assert_eq!(wheel.turn(horizontal, value), notches, "{horizontal} {value}");
        }
    }
}
