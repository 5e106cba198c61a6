//! dillinger-runner.toml(5) against the shipped settings file and the code.

use anyhow::{Context, Result};
use dillinger_runner::config::Settings;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn read(path: &str) -> Result<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(top.join(path)).with_context(|| path.to_owned())
}

fn page() -> Result<String> {
    Ok(read("agent/doc/man/dillinger-runner.toml.5")?.replace("\\-", "-").replace("\\(dq", "\""))
}

/// `table Key = value` of every setting in the manual page.
fn documented(page: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut settings = BTreeSet::new();
    for line in page.lines() {
        if let Some(name) = line.strip_prefix(".SH ") {
            name.trim_matches('"').clone_into(&mut table);
        } else if let Some((key, value)) = line.strip_prefix(".B ").and_then(|line| line.split_once(" = ")) {
            settings.insert(format!("{table} {key} = {value}"));
        }
    }
    settings
}

/// The same of the shipped file, where every setting is commented out.
fn shipped(file: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut settings = BTreeSet::new();
    for line in file.lines() {
        if line.starts_with('[') {
            line.clone_into(&mut table);
        } else if let Some(setting) = line.strip_prefix('#').filter(|rest| rest.starts_with(char::is_alphabetic)) {
            settings.insert(format!("{table} {setting}"));
        }
    }
    settings
}

#[test]
fn the_manual_lists_the_shipped_settings() -> Result<()> {
    similar_asserts::assert_eq!(documented(&page()?), shipped(&read("agent/runner/share/runner.toml")?));
    Ok(())
}

#[test]
fn the_example_of_the_manual_is_valid() -> Result<()> {
    let page = page()?;
    let (_, example) = page.split_once(".\\\" example\n").context("no example")?;
    let (example, _) = example.split_once(".RE").context("the example does not end")?;
    let settings = Settings::parse(&PathBuf::from("example.toml"), example);
    assert_eq!(settings.map(|settings| settings.policy.max_sessions), Ok(4));
    Ok(())
}
