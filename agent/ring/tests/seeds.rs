//! The seeds of the fuzzer, tried one by one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "../fuzz/checks.rs"]
#[allow(unreachable_pub)]
mod checks;

use std::path::Path;

#[test]
fn messages_of_both_sides_whole_and_wrong() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/messages");
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let input = std::fs::read(&path).unwrap();
        let valid = checks::messages(&input);
        let all = path.file_stem().unwrap() != "wrong";
        assert_eq!(valid, if all { input.len() / 34 } else { 0 }, "{}", path.display());
        for length in 0..input.len() {
            checks::messages(input.get(..length).unwrap());
        }
    }
}
