//! The seeds of the fuzzer, tried one by one.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../fuzz/checks.rs"]
#[allow(unreachable_pub)]
mod checks;

use proptest::prelude::*;
use std::path::Path;

#[test]
fn sessions_that_were_found_before() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/session");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    let done: Vec<_> = files.map(|input| checks::session(&input)).collect();
    assert!(done.iter().any(|done| done.loud > 0) && done.iter().any(|done| done.ended > 0), "{done:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_session_leaves_the_server_as_it_was(input in prop::collection::vec(any::<u8>(), 0..600)) {
        checks::session(&input);
    }
}
