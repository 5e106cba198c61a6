//! Force feedback effects that a game uploaded, and which of them play.

use super::EFFECTS;
use dillinger_ring::pad::Rumble;

/// An effect without an end plays this long, the longest that has one. Milliseconds.
const LONGEST: u64 = u16::MAX as u64;
const FULL: u16 = u16::MAX;
const SLOTS: usize = EFFECTS as usize;
/// Both motors, length, whether there is an effect, end.
const SLOT_BYTES: usize = 16;
/// The length of [`Effects::to_bytes`].
pub(super) const BYTES: usize = SLOTS * SLOT_BYTES + 2;

/// One effect of the kind `FF_RUMBLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effect {
    /// The heavy motor, 0 to 65535.
    pub(super) strong: u16,
    /// The light motor, 0 to 65535.
    pub(super) weak: u16,
    /// Milliseconds; 0 means until it is stopped.
    pub(super) length: u16,
}

/// What the game uploaded to one controller. Times are milliseconds of `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effects {
    /// By the kernel's id, with the end; one that has passed means that it does not play.
    slots: [Option<(Effect, u64)>; SLOTS],
    gain: u16,
}

impl Default for Effects {
    fn default() -> Self {
        Self { slots: [None; SLOTS], gain: FULL }
    }
}

impl Effects {
    fn slot(&mut self, id: i32) -> Option<&mut Option<(Effect, u64)>> {
        self.slots.get_mut(usize::try_from(id).ok()?)
    }

    /// Adds an effect, or replaces a known one, which goes on if it plays.
    pub(super) fn upload(&mut self, id: i32, effect: Effect) {
        if let Some(slot) = self.slot(id) {
            *slot = Some((effect, slot.map_or(0, |(_, end)| end)));
        }
    }

    /// Removes an effect.
    pub(super) fn erase(&mut self, id: i32) {
        if let Some(slot) = self.slot(id) {
            *slot = None;
        }
    }

    /// Plays an effect so many times; 0 stops it.
    pub(super) fn play(&mut self, id: i32, times: i32, now: u64) {
        let Some(Some((effect, end))) = self.slot(id) else { return };
        let times = u64::try_from(times).unwrap_or(0);
        let length = match effect.length {
            0 => LONGEST,
            length => u64::from(length).saturating_mul(times).min(LONGEST),
        };
        *end = if times == 0 { 0 } else { now.saturating_add(length) };
    }

    /// Sets how strong all effects are, 0 to 65535.
    pub(super) fn set_gain(&mut self, gain: i32) {
        self.gain = u16::try_from(gain).unwrap_or(if gain < 0 { 0 } else { FULL });
    }

    /// The sum of what plays.
    pub(super) fn rumble(&self, now: u64) -> Rumble {
        let (mut strong, mut weak, mut left) = (0_u32, 0_u32, 0);
        for (effect, end) in self.slots.iter().flatten().filter(|(_, end)| *end > now) {
            strong += u32::from(effect.strong);
            weak += u32::from(effect.weak);
            left = left.max(end - now);
        }
        let share = |sum: u32| {
            let share = sum.min(FULL.into()) * u32::from(self.gain) / u32::from(FULL);
            u16::try_from(share).unwrap_or(FULL)
        };
        let milliseconds = u16::try_from(left).unwrap_or(u16::MAX);
        Rumble { strong: share(strong), weak: share(weak), milliseconds }
    }

    /// The form in which the next agent gets them.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let slots = self.slots.iter().flat_map(|slot| {
            let Some((Effect { strong, weak, length }, end)) = slot else { return [0; SLOT_BYTES] };
            let mut bytes = [0; SLOT_BYTES];
            let fields = [*strong, *weak, *length, 1].into_iter().flat_map(u16::to_le_bytes);
            bytes.iter_mut().zip(fields.chain(end.to_le_bytes())).for_each(|(byte, value)| *byte = value);
            bytes
        });
        slots.chain(self.gain.to_le_bytes()).collect()
    }

    /// What an agent before has written; none if it is no such thing.
    pub(super) fn from_bytes(bytes: &[u8; BYTES]) -> Self {
        let (slots, gain) = bytes.as_chunks::<SLOT_BYTES>();
        let mut effects = Self::default();
        for (slot, bytes) in effects.slots.iter_mut().zip(slots) {
            let mut numbers = bytes.as_chunks().0.iter().map(|number| u16::from_le_bytes(*number));
            let mut next = || numbers.next().unwrap_or_default();
            let (effect, is_there) = (Effect { strong: next(), weak: next(), length: next() }, next() == 1);
            let end = bytes.last_chunk().map_or(0, |end| u64::from_le_bytes(*end));
            *slot = is_there.then_some((effect, end));
        }
        effects.gain = gain.first_chunk().map_or(FULL, |gain| u16::from_le_bytes(*gain));
        effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: u16 = 0x8000;
    const NOW: u64 = 1_000_000;

    fn rumble(strong: u16, weak: u16, milliseconds: u16) -> Rumble {
        Rumble { strong, weak, milliseconds }
    }

    #[test]
    fn effects_play_until_their_end() {
        let mut effects = Effects::default();
        effects.play(0, 1, NOW);
        assert_eq!(effects.rumble(NOW), Rumble::default());
        effects.upload(0, Effect { strong: FULL, weak: HALF, length: 100 });
        assert_eq!(effects.rumble(NOW), Rumble::default());
        effects.play(0, 2, NOW);
        assert_eq!(effects.rumble(NOW), rumble(FULL, HALF, 200));
        assert_eq!(effects.rumble(NOW + 150), rumble(FULL, HALF, 50));
        assert_eq!(effects.rumble(NOW + 200), Rumble::default());
        effects.play(0, 1, NOW + 300);
        effects.upload(0, Effect { strong: HALF, weak: 0, length: 100 });
        assert_eq!(effects.rumble(NOW + 350), rumble(HALF, 0, 50));
        effects.play(0, 0, NOW + 350);
        assert_eq!(effects.rumble(NOW + 350), Rumble::default());
    }

    #[test]
    fn effects_add_up_and_obey_the_gain() {
        let mut effects = Effects::default();
        effects.upload(0, Effect { strong: FULL, weak: 0, length: 10 });
        effects.upload(1, Effect { strong: FULL, weak: HALF, length: 0 });
        effects.play(0, 1, NOW);
        effects.play(1, i32::MAX, NOW);
        assert_eq!(effects.rumble(NOW), rumble(FULL, HALF, 65_535));
        for (gain, strong, weak) in [(0x8000, 0x8000, 0x4000), (i32::MAX, FULL, HALF), (-1, 0, 0)] {
            effects.set_gain(gain);
            assert_eq!(effects.rumble(NOW), rumble(strong, weak, 65_535));
        }
        effects.erase(1);
        assert_eq!(effects.rumble(NOW), rumble(0, 0, 10));
    }

    #[test]
    fn nonsense_is_ignored() {
        let mut effects = Effects::default();
        for id in [-1, 16, i32::MIN, i32::MAX] {
            effects.upload(id, Effect { strong: FULL, weak: FULL, length: FULL });
            effects.play(id, 1, NOW);
            effects.erase(id);
        }
        assert_eq!(effects, Effects::default());
        effects.upload(3, Effect { strong: 1, weak: 1, length: 1 });
        for (id, times) in [(4, 1), (-1, 1), (3, -1), (3, i32::MIN)] {
            effects.play(id, times, NOW);
        }
        for id in 0..16 {
            effects.upload(id, Effect { strong: FULL, weak: FULL, length: FULL });
            effects.play(id, i32::MAX, u64::MAX - 1);
        }
        assert_eq!(effects.rumble(0), rumble(FULL, FULL, FULL), "sums and times end somewhere");
    }

    #[test]
    fn the_next_agent_has_them_too() {
        let mut effects = Effects::default();
        effects.upload(0, Effect { strong: FULL, weak: HALF, length: 100 });
        effects.upload(15, Effect { strong: 1, weak: 2, length: 3 });
        effects.play(0, 1, NOW);
        effects.set_gain(0x1234);
        let bytes: [u8; BYTES] = effects.to_bytes().try_into().unwrap();
        assert_eq!(Effects::from_bytes(&bytes), effects);
        assert_eq!(Effects::from_bytes(&[0; BYTES]), Effects { gain: 0, ..Effects::default() });
    }
}
