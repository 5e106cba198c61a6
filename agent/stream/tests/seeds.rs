//! The seeds of the fuzzer, tried one by one.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../fuzz/checks.rs"]
#[allow(unreachable_pub)]
mod checks;

use std::path::Path;

fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.display().to_string(), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn input_of_a_page() {
    let counts: Vec<_> = seeds("input").iter().map(|(_, message)| checks::input(message)).collect();
    assert!(counts.iter().any(|count| *count > 1) && counts.contains(&0), "{counts:?}");
}

#[test]
fn offers_of_browsers_whole_and_cut() {
    let seeds = seeds("offer");
    assert!(seeds.iter().any(|(name, _)| name.ends_with("chromium")));
    for (name, offer) in seeds {
        let offer = String::from_utf8(offer).unwrap();
        assert!(checks::offer(&offer), "{name} is not accepted");
        for length in (0..offer.len()).step_by(293) {
            if let Some(cut) = offer.get(..length) {
                checks::offer(cut);
            }
        }
    }
}
