//! Whose controller is which pad of the session.

use crate::media::ViewerId;
use std::collections::BTreeMap;

/// A controller as its page counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Controller {
    pub(super) viewer: ViewerId,
    pub(super) pad: u8,
}

/// The pads, each taken by at most one controller. A controller takes the pad
/// of its own number, or else the first free one, so that two players who each
/// have one controller play with two pads.
#[derive(Debug, Default)]
pub(super) struct Slots(BTreeMap<u32, Option<Controller>>);

impl Slots {
    pub(super) fn add(&mut self, index: u32) {
        self.0.entry(index).or_default();
    }

    /// The pad of a controller, which it keeps from now on; `None` when all are
    /// taken.
    pub(super) fn take(&mut self, viewer: &ViewerId, pad: u8) -> Option<u32> {
        let is_this = |taken: &Controller| taken.pad == pad && taken.viewer == *viewer;
        if let Some((index, _)) = self.0.iter().find(|(_, taken)| taken.as_ref().is_some_and(is_this)) {
            return Some(*index);
        }
        let own = u32::from(pad);
        let is_free = |index: u32| self.0.get(&index).is_some_and(Option::is_none);
        let first_free = || self.0.iter().find(|(_, taken)| taken.is_none()).map(|(index, _)| *index);
        let index = if is_free(own) { own } else { first_free()? };
        self.0.insert(index, Some(Controller { viewer: viewer.clone(), pad }));
        Some(index)
    }

    /// The pads that a viewer has.
    pub(super) fn of(&self, viewer: &ViewerId) -> Vec<u32> {
        let has = |taken: &Option<Controller>| taken.as_ref().is_some_and(|taken| taken.viewer == *viewer);
        self.0.iter().filter(|(_, taken)| has(taken)).map(|(index, _)| *index).collect()
    }

    /// Whose pad it is.
    pub(super) fn owner(&self, index: u32) -> Option<&Controller> {
        self.0.get(&index)?.as_ref()
    }

    /// A pad is free again.
    pub(super) fn release(&mut self, index: u32) {
        if let Some(taken) = self.0.get_mut(&index) {
            *taken = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_controller_gets_a_pad_of_its_own() {
        let viewer = |name: &str| ViewerId(name.into());
        let (a, b, c) = (viewer("a"), viewer("b"), viewer("c"));
        let mut slots = Slots::default();
        assert_eq!(slots.take(&a, 0), None);
        slots.add(0);
        slots.add(1);
        slots.add(2);
        assert_eq!(slots.take(&a, 0), Some(0));
        assert_eq!(slots.take(&b, 0), Some(1));
        assert_eq!(slots.take(&a, 0), Some(0));
        assert_eq!(slots.take(&b, 2), Some(2));
        assert_eq!(slots.take(&c, 0), None);
        assert_eq!(slots.of(&b), [1, 2]);
        assert_eq!(slots.owner(2), Some(&Controller { viewer: b.clone(), pad: 2 }));
        slots.release(1);
        assert_eq!(slots.take(&c, 255), Some(1));
        slots.add(1);
        assert_eq!(slots.of(&c), [1], "it is the same pad");
        assert!(slots.owner(3).is_none());
    }
}
