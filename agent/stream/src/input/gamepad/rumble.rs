//! Force feedback effects that a game uploaded, and which of them play.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// An effect without an end plays this long, the longest that has one.
const LONGEST: Duration = Duration::from_millis(u16::MAX as u64);
const FULL: u16 = u16::MAX;

/// One effect of the kind `FF_RUMBLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    /// The heavy motor.
    pub(super) strong: u16,
    /// The light motor.
    pub(super) weak: u16,
    /// Milliseconds; 0 means until it is stopped.
    pub(super) length: u16,
}

/// How both motors are to run from now on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::input) struct Motors {
    /// 0 to 1.
    pub(super) strong: f32,
    /// 0 to 1.
    pub(super) weak: f32,
    /// Zero when nothing plays.
    pub(super) duration: Duration,
}

/// What the game uploaded to one controller.
#[derive(Debug)]
pub(super) struct Effects {
    /// By the kernel's id, with the end while it plays.
    effects: BTreeMap<i32, (Effect, Option<Instant>)>,
    gain: u16,
}

impl Effects {
    pub(super) fn new() -> Self {
        Self { effects: BTreeMap::new(), gain: FULL }
    }

    /// A new effect, or another one in the place of a known one, which goes on
    /// if it plays.
    pub(super) fn upload(&mut self, id: i32, effect: Effect) {
        let end = self.effects.get(&id).and_then(|(_, end)| *end);
        self.effects.insert(id, (effect, end));
    }

    pub(super) fn erase(&mut self, id: i32) {
        self.effects.remove(&id);
    }

    /// Plays an effect so many times; 0 stops it.
    pub(super) fn play(&mut self, id: i32, times: i32, now: Instant) {
        let Some((effect, end)) = self.effects.get_mut(&id) else { return };
        let times = u32::try_from(times).unwrap_or(0);
        let length = match effect.length {
            0 => LONGEST,
            length => Duration::from_millis(u64::from(length)).saturating_mul(times).min(LONGEST),
        };
        *end = if times == 0 { None } else { now.checked_add(length) };
    }

    /// How strong all effects are, 0 to 65535.
    pub(super) fn set_gain(&mut self, gain: i32) {
        self.gain = u16::try_from(gain).unwrap_or(if gain < 0 { 0 } else { FULL });
    }

    /// The sum of what plays.
    pub(super) fn motors(&self, now: Instant) -> Motors {
        let mut sums = (0_u32, 0_u32);
        let mut duration = Duration::ZERO;
        for (effect, end) in self.effects.values() {
            let left = end.map(|end| end.saturating_duration_since(now)).unwrap_or_default();
            if left > Duration::ZERO {
                sums = (sums.0.saturating_add(effect.strong.into()), sums.1.saturating_add(effect.weak.into()));
                duration = duration.max(left);
            }
        }
        let share = |sum: u32| {
            let sum = u16::try_from(sum).unwrap_or(FULL);
            f32::from(sum) / f32::from(FULL) * (f32::from(self.gain) / f32::from(FULL))
        };
        Motors { strong: share(sums.0), weak: share(sums.1), duration }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u16 = 0x8000;

    fn near(found: Motors, strong: f32, weak: f32, milliseconds: u64) {
        let close = |a: f32, b: f32| (a - b).abs() < 0.001;
        assert!(close(found.strong, strong) && close(found.weak, weak), "{found:?}");
        assert_eq!(found.duration, Duration::from_millis(milliseconds));
    }

    #[test]
    fn effects_play_until_their_end() {
        let mut effects = Effects::new();
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        effects.play(0, 1, start);
        near(effects.motors(start), 0.0, 0.0, 0);
        effects.upload(0, Effect { strong: FULL, weak: HALF, length: 100 });
        near(effects.motors(start), 0.0, 0.0, 0);
        effects.play(0, 2, start);
        near(effects.motors(start), 1.0, 0.5, 200);
        near(effects.motors(after(150)), 1.0, 0.5, 50);
        near(effects.motors(after(200)), 0.0, 0.0, 0);
        effects.play(0, 1, after(300));
        effects.upload(0, Effect { strong: HALF, weak: 0, length: 100 });
        near(effects.motors(after(350)), 0.5, 0.0, 50);
        effects.play(0, 0, after(350));
        near(effects.motors(after(350)), 0.0, 0.0, 0);
    }

    #[test]
    fn effects_add_up_and_obey_the_gain() {
        let mut effects = Effects::new();
        let now = Instant::now();
        effects.upload(0, Effect { strong: FULL, weak: 0, length: 10 });
        effects.upload(1, Effect { strong: FULL, weak: HALF, length: 0 });
        effects.play(0, 1, now);
        effects.play(1, i32::MAX, now);
        near(effects.motors(now), 1.0, 0.5, 65_535);
        effects.set_gain(0x8000);
        near(effects.motors(now), 0.5, 0.25, 65_535);
        for (gain, strong) in [(i32::MAX, 1.0), (-1, 0.0)] {
            effects.set_gain(gain);
            near(effects.motors(now), strong, strong / 2.0, 65_535);
        }
        effects.erase(1);
        near(effects.motors(now), 0.0, 0.0, 10);
    }

    #[test]
    fn nonsense_is_ignored() {
        let mut effects = Effects::new();
        let now = Instant::now();
        effects.upload(3, Effect { strong: 1, weak: 1, length: 1 });
        for (id, times) in [(4, 1), (-1, 1), (3, -1), (3, i32::MIN)] {
            effects.play(id, times, now);
        }
        effects.erase(99);
        near(effects.motors(now), 0.0, 0.0, 0);
    }
}
