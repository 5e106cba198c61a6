//! Which keys and buttons are held, and by whom.

use std::collections::{BTreeMap, BTreeSet};

/// What is held by any number of holders. A thing is down as long as one holder
/// holds it, so two hands on one key are one key press.
#[derive(Debug)]
pub(super) struct Held<H> {
    by: BTreeMap<u16, BTreeSet<H>>,
}

impl<H: Ord + Clone> Held<H> {
    pub(super) fn new() -> Self {
        Self { by: BTreeMap::new() }
    }

    /// One holder presses or lets go. True when the thing goes down or up by
    /// that; repeated presses and releases of what is not held change nothing.
    pub(super) fn change(&mut self, holder: &H, code: u16, pressed: bool) -> bool {
        if pressed {
            let holders = self.by.entry(code).or_default();
            return holders.insert(holder.clone()) && holders.len() == 1;
        }
        let Some(holders) = self.by.get_mut(&code) else { return false };
        if !holders.remove(holder) || !holders.is_empty() {
            return false;
        }
        self.by.remove(&code);
        true
    }

    /// What a holder holds.
    pub(super) fn of(&self, holder: &H) -> Vec<u16> {
        self.by.iter().filter(|(_, holders)| holders.contains(holder)).map(|(code, _)| *code).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_down_while_anybody_holds_it() {
        let mut held = Held::new();
        for (holder, pressed, changes) in [
            ("a", true, true),
            ("a", true, false),
            ("b", true, false),
            ("a", false, false),
            ("a", false, false),
            ("b", false, true),
            ("b", false, false),
            ("a", true, true),
        ] {
            assert_eq!(held.change(&holder, 30, pressed), changes, "{holder} {pressed}");
        }
    }

    #[test]
    fn what_one_holds_is_known() {
        let mut held = Held::new();
        for (holder, code) in [("a", 30), ("b", 30), ("a", 42), ("b", 1)] {
            held.change(&holder, code, true);
        }
        assert_eq!(held.of(&"a"), [30, 42]);
        assert!(held.of(&"c").is_empty());
        let let_go: Vec<_> = held.of(&"a").into_iter().filter(|code| held.change(&"a", *code, false)).collect();
        assert_eq!(let_go, [42], "the other still holds 30");
    }
}
