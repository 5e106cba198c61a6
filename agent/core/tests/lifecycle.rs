//! A session's life under whatever systemd may say.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use dillinger_runner_core::lifecycle::State::{self, Paused, Preparing, Running, Starting, Stopping};
use dillinger_runner_core::lifecycle::{Active, UnitStatus, is_frozen};
use proptest::prelude::*;
use std::collections::BTreeSet;

const ACTIVE: [Active; 4] = [Active::Activating, Active::Active, Active::Deactivating, Active::Inactive];

fn every_status() -> impl Iterator<Item = UnitStatus> {
    ACTIVE.into_iter().flat_map(|active| [false, true].map(|frozen| UnitStatus { active, frozen }))
}

#[test]
fn the_edges_are_these() {
    let mut edges = BTreeSet::new();
    for from in State::ALL {
        for status in every_status() {
            let to = from.observe(&status);
            if to != from {
                edges.insert((from, to));
            }
        }
    }
    let expected = BTreeSet::from([
        (Preparing, Starting),
        (Preparing, Running),
        (Preparing, Paused),
        (Preparing, Stopping),
        (Starting, Running),
        (Starting, Paused),
        (Starting, Stopping),
        (Running, Paused),
        (Running, Stopping),
        (Paused, Running),
        (Paused, Stopping),
    ]);
    assert_eq!(edges, expected);
}

#[test]
fn an_inactive_unit_ends_nothing_by_itself() {
    for state in State::ALL {
        assert_eq!(state.observe(&UnitStatus { active: Active::Inactive, frozen: false }), state);
    }
}

#[test]
fn words_of_systemd() {
    for (word, active) in [
        ("active", Active::Active),
        ("reloading", Active::Active),
        ("refreshing", Active::Active),
        ("a word of a later systemd", Active::Active),
        ("activating", Active::Activating),
        ("deactivating", Active::Deactivating),
        ("inactive", Active::Inactive),
        ("failed", Active::Inactive),
    ] {
        assert_eq!(Active::parse(word), active, "{word}");
    }
    for (word, frozen) in [
        ("running", false),
        ("thawing", false),
        ("", false),
        ("freezing", true),
        ("frozen", true),
        ("frozen-by-parent", true),
    ] {
        assert_eq!(is_frozen(word), frozen, "{word}");
    }
}

proptest! {
    #[test]
    fn a_life_never_goes_back(said in proptest::collection::vec((0usize..4, any::<bool>()), 0..40)) {
        let mut state = State::Preparing;
        for (active, frozen) in said {
            let next = state.observe(&UnitStatus { active: ACTIVE[active], frozen });
            prop_assert!(next >= state || (state == State::Paused && next == State::Running));
            prop_assert!(next != State::Ended);
            state = next;
        }
        prop_assert_eq!(State::Ended.observe(&UnitStatus { active: Active::Active, frozen: false }), State::Ended);
    }
}
