//! The third stage: from merged entries to settings, or to every problem.

use super::fragment::Entry;
use super::merge::Merged;
use super::problem::Problem;
use super::schema;
use super::stream;
use super::value;
use super::{DaemonReload, PullPolicy, Settings};
use dillinger_runner_core::limits::{INFINITY, Limit};
use dillinger_runner_core::value::{RawRequest, RawValue};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Most sessions at once that the settings may permit.
const MAX_SESSIONS: RangeInclusive<u64> = 1..=1000;
/// Longest time that an ended session's object stays, in µs: a day.
const ENDED_OBJECTS_USEC: RangeInclusive<u64> = 0..=86_400_000_000;
/// Most records of ended sessions.
const ENDED_RECORDS: RangeInclusive<u64> = 0..=100_000;

/// Checks every entry, also those that a later file replaced.
pub(super) fn validate(merged: &Merged) -> Result<Settings, Vec<Problem>> {
    let mut problems: Vec<Problem> = unknown_tables(merged).collect();
    let mut scratch = Settings::default();
    for (entry, by) in &merged.replaced {
        if entry.at.file == by.file {
            problems.push(entry.problem(format!("stands again in line {} under another spelling", by.line)));
        }
        problems.extend(apply(&mut scratch, entry).err());
    }
    let mut settings = Settings::default();
    for entry in merged.current.values() {
        problems.extend(apply(&mut settings, entry).err());
    }
    if problems.is_empty() {
        problems.extend(above_ceiling(&settings, merged));
    }
    problems.sort_by(|a, b| a.at.cmp(&b.at));
    if problems.is_empty() { Ok(settings) } else { Err(problems) }
}

fn unknown_tables(merged: &Merged) -> impl Iterator<Item = Problem> {
    let unknown = merged.tables.iter().filter(|(name, _)| schema::keys(name).is_none());
    unknown.map(|(name, at)| {
        let message = format!("no such table, {}", schema::suggestion(name, &schema::TABLES));
        Problem { at: at.clone(), key: format!("[{name}]"), message }
    })
}

fn apply(settings: &mut Settings, entry: &Entry) -> Result<(), Problem> {
    // The table itself was reported once already.
    let Some(keys) = schema::keys(&entry.table) else { return Ok(()) };
    let key = schema::canonical(&entry.table, &entry.key);
    if !keys.contains(&key) {
        return Err(entry.problem(format!("no such key, {}", schema::suggestion(&entry.key, &keys))));
    }
    let result = match entry.table.as_str() {
        "session" => session(settings, key, entry),
        "ceilings" => ceilings(settings, key, entry),
        "images" => images(settings, key, entry),
        "stream" => stream::apply(settings, key, &entry.value),
        "retention" => retention(settings, key, entry),
        _ => systemd(settings, entry),
    };
    result.map_err(|message| entry.problem(message))
}

fn session(settings: &mut Settings, key: &str, entry: &Entry) -> Result<(), String> {
    let raw = value::of_request_key(key, &entry.key, &entry.value)?;
    check_request_key(key, &raw)?;
    settings.policy.defaults.insert(key.to_owned(), raw);
    Ok(())
}

/// The same check that a request gets.
fn check_request_key(key: &str, raw: &RawValue) -> Result<(), String> {
    let request = RawRequest::from([(key.to_owned(), raw.clone())]);
    let parsed = dillinger_runner_core::request::parse(&request);
    let messages = |problems: dillinger_runner_core::problem::Problems| {
        let messages: Vec<String> = problems.iter().map(|problem| problem.message.clone()).collect();
        messages.join("; ")
    };
    parsed.map(|_| ()).map_err(messages)
}

fn ceilings(settings: &mut Settings, key: &str, entry: &Entry) -> Result<(), String> {
    if key == "MaxSessions" {
        let count = value::count(&entry.value, &MAX_SESSIONS)?;
        settings.policy.max_sessions = u32::try_from(count).unwrap_or(u32::MAX);
        return Ok(());
    }
    let raw = value::of_request_key(key, &entry.key, &entry.value)?;
    check_request_key(key, &raw)?;
    let RawValue::U64(number) = raw else { return Err("is not a number".to_owned()) };
    match Limit::from_key(key) {
        Some(limit) => settings.policy.ceilings.set(limit, number),
        None if number == 0 => settings.policy.runtime_max_usec = INFINITY,
        None => settings.policy.runtime_max_usec = number,
    }
    Ok(())
}

fn images(settings: &mut Settings, key: &str, entry: &Entry) -> Result<(), String> {
    if key == "Pull" {
        let policy = value::text_of(&entry.value)?;
        settings.pull = policy.parse::<PullPolicy>().map_err(|error| error.to_string())?;
        return Ok(());
    }
    let image = value::text_of(&entry.value)?;
    if image.is_empty() {
        return Err("is empty, expected an image such as localhost/dillinger/base:latest".to_owned());
    }
    check_request_key("Image", &RawValue::Str(image.clone()))?;
    match key {
        "Display" => settings.policy.stream.image = image,
        "Wine" => settings.policy.images.wine = image,
        _ => settings.policy.images.native = image,
    }
    Ok(())
}

fn retention(settings: &mut Settings, key: &str, entry: &Entry) -> Result<(), String> {
    if key == "EndedRecords" {
        let count = value::count(&entry.value, &ENDED_RECORDS)?;
        settings.retention.ended_records = usize::try_from(count).unwrap_or(usize::MAX);
        return Ok(());
    }
    let usec = value::span(&entry.value, &ENDED_OBJECTS_USEC)?;
    settings.retention.ended_objects = Duration::from_micros(usec);
    Ok(())
}

fn systemd(settings: &mut Settings, entry: &Entry) -> Result<(), String> {
    settings.daemon_reload = match value::text_of(&entry.value)?.as_str() {
        "auto" => DaemonReload::Auto,
        "always" => DaemonReload::Always,
        other => return Err(format!("{other:?} is none of auto, always")),
    };
    Ok(())
}

/// A default above its ceiling would refuse every request that does not name
/// the key.
fn above_ceiling<'a>(settings: &'a Settings, merged: &'a Merged) -> impl Iterator<Item = Problem> + 'a {
    let policy = &settings.policy;
    let limits = Limit::ALL.into_iter().filter_map(|limit| Some((limit.key(), policy.ceiling(limit)?)));
    let runtime = Some(("RuntimeMaxUSec", policy.runtime_max_usec)).filter(|(_, usec)| *usec != INFINITY);
    limits.chain(runtime).filter_map(|(key, ceiling)| {
        let entry = merged.current.get(&("session".to_owned(), key.to_owned()))?;
        let Some(RawValue::U64(default)) = policy.defaults.get(key) else { return None };
        let default = if key == "RuntimeMaxUSec" && *default == 0 { INFINITY } else { *default };
        (default > ceiling).then(|| entry.problem(format!("is above ceilings.{key}, which is {ceiling}")))
    })
}
