//! The data files in `units/` and the manual pages against the code.

use anyhow::{Context, Result, ensure};
use dillinger_runner_core::message_id;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(top().join(path)).with_context(|| path.to_owned())
}

/// The values of `key` in a unit file, in order.
fn values<'a>(unit: &'a str, key: &str) -> Vec<&'a str> {
    unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect()
}

/// The catalog's entries: id, then header and text.
fn catalog() -> Result<BTreeMap<String, String>> {
    let text = read("units/dillinger-runner.catalog")?;
    let mut entries = BTreeMap::new();
    for part in text.split("\n-- ").skip(1) {
        let (id, entry) = part.split_once('\n').context("an entry without text")?;
        ensure!(entries.insert(id.to_owned(), entry.to_owned()).is_none(), "{id} is there twice");
    }
    Ok(entries)
}

#[test]
fn every_message_id_has_its_catalog_entry_and_no_other() -> Result<()> {
    let known: BTreeSet<&str> = message_id::ALL.iter().map(|(_, id)| *id).collect();
    let explained = catalog()?;
    let explained: BTreeSet<&str> = explained.keys().map(String::as_str).collect();
    assert_eq!(explained, known);
    Ok(())
}

#[test]
fn catalog_entries_are_complete() -> Result<()> {
    for (id, entry) in catalog()? {
        let (header, text) = entry.split_once("\n\n").with_context(|| format!("{id} has no text"))?;
        for key in ["Subject: ", "Defined-By: Dillinger Runner", "Support: ", "Documentation: man:"] {
            ensure!(header.lines().any(|line| line.starts_with(key)), "{id} has no {key:?}");
        }
        ensure!(!text.trim().is_empty(), "{id} has no text");
    }
    Ok(())
}

/// The fields that the agent writes; anything else would show as `@NAME@`.
#[test]
fn catalog_entries_name_only_fields_that_exist() -> Result<()> {
    const FIELDS: [&str; 10] = [
        "DILLINGER_SESSION_ID",
        "DILLINGER_STATE",
        "DILLINGER_OUTCOME",
        "DILLINGER_EXIT_STATUS",
        "DILLINGER_REASON",
        "DILLINGER_GAME_ID",
        "DILLINGER_TITLE",
        "USER_UNIT",
        "DILLINGER_PROBLEMS",
        "DILLINGER_IMAGE",
    ];
    for (id, entry) in catalog()? {
        let named: Vec<&str> = entry.split('@').skip(1).step_by(2).collect();
        for field in named {
            ensure!(FIELDS.contains(&field), "{id} names the field {field}");
        }
    }
    let page = read("agent/doc/man/dillinger-session.7")?;
    for field in FIELDS {
        ensure!(page.contains(field), "dillinger-session(7) does not name {field}");
    }
    Ok(())
}

#[test]
fn the_manual_lists_the_message_ids() -> Result<()> {
    let page = read("agent/doc/man/dillinger-session.7")?;
    let (_, list) = page.split_once(".\\\" message ids\n").context("no list of message ids")?;
    let listed: Vec<(&str, &str)> =
        list.lines().take_while(|line| !line.starts_with('.')).filter_map(|line| line.split_once(' ')).collect();
    let listed: Vec<(&str, &str)> = listed.iter().map(|(name, id)| (*name, id.trim())).collect();
    assert_eq!(listed, message_id::ALL);
    Ok(())
}

#[test]
fn activation_leads_to_the_agent() -> Result<()> {
    let (unit, activation) = (read("units/dillinger-runner.service")?, read("units/org.dillinger.Runner1.service")?);
    assert_eq!(values(&activation, "Name"), [dillinger_runner_api::names::BUS_NAME]);
    assert_eq!(values(&activation, "SystemdService"), ["dillinger-runner.service"]);
    assert_eq!(values(&unit, "BusName"), [dillinger_runner_api::names::BUS_NAME]);
    Ok(())
}

#[test]
fn the_library_volume_is_the_default_library() -> Result<()> {
    let name = dillinger_runner_core::policy::DEFAULT_LIBRARY;
    assert_eq!(values(&read(&format!("quadlet/{name}.volume"))?, "VolumeName"), [name]);
    let wanted = format!("{name}-volume.service");
    assert_eq!(values(&read("units/dillinger-runner.service")?, "Wants"), [wanted]);
    Ok(())
}

/// Sessions lie in `dillinger-session.slice`, which is a file here only so that
/// it can carry a description and an administrator's drop-ins.
#[test]
fn the_slices_of_all_sessions_have_no_limits_of_their_own() -> Result<()> {
    for slice in ["units/dillinger.slice", "units/dillinger-session.slice"] {
        let text = read(slice)?;
        ensure!(!text.lines().any(|line| line.starts_with("[Slice]")), "{slice} has limits");
    }
    Ok(())
}
