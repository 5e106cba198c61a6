//! From a journal entry to a line of a session's log: which entries count, and their JSON.

use super::export::Entry;
use serde::Serialize;
use std::borrow::Cow;

/// journald's `SD_MESSAGE_JOURNAL_DROPPED`.
pub(super) const DROPPED_MESSAGE_ID: &str = "a596d6fe7bfa4994828e72309e95d61e";

/// `_COMM` of the agent's own sub-commands in the unit: the kernel cuts names after 15 bytes.
const AGENT_COMM: &str = "dillinger-runne";
const PODMAN_COMM: &str = "podman";
/// Podman enters its user namespace through `/proc/self/exe`, and is called that from then on.
const PODMAN_REEXEC_COMM: &str = "exe";
const PRIORITY_ERROR: u8 = 3;
const PRIORITY_WARNING: u8 = 4;
const PRIORITY_INFO: u8 = 6;

/// One line of the log. Keys as in the D-Bus contract; a key that says nothing is left out.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the JSON")]
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LogLine<'a> {
    timestamp: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    cursor: &'a str,
    priority: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    comm: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pid: Option<u32>,
    message: Cow<'a, str>,
    /// Bytes that are not UTF-8 were replaced.
    #[serde(skip_serializing_if = "is_false")]
    lossy: bool,
    /// The message was cut.
    #[serde(skip_serializing_if = "is_false")]
    truncated: bool,
    /// journald split the program's line here: the next entry of the same process goes on with it.
    #[serde(skip_serializing_if = "is_false")]
    continues: bool,
    /// journald dropped so many messages before this line.
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<u64>,
    /// Something is missing here, nobody knows how much.
    #[serde(skip_serializing_if = "is_false")]
    incomplete: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

impl LogLine<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        if serde_json::to_writer(&mut *out, self).is_err() {
            out.truncate(start);
            return;
        }
        out.push(b'\n');
    }
}

/// A line that says that the log has a hole of unknown size, and why.
pub(super) fn write_incomplete(timestamp: u64, why: &str, out: &mut Vec<u8>) {
    LogLine { timestamp, priority: PRIORITY_WARNING, message: why.into(), incomplete: true, ..LogLine::default() }
        .write(out);
}

/// What a line says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// The entry is none of the log's.
    Nothing,
    /// A line of output.
    Output,
    /// A notice of dropped messages.
    Dropped,
}

/// Turns the entries of one session into lines. Remembers the ids of its containers, to know Podman's answers.
#[derive(Debug)]
pub(super) struct Converter {
    uid: u32,
    since_usec: u64,
    until_usec: Option<u64>,
    lost_probes: u64,
    container_names: Vec<String>,
    container_ids: Vec<String>,
}

impl Converter {
    /// `units` are the session's; notices of dropped messages count from `since_usec` to `until_usec`.
    pub(super) fn new(uid: u32, units: &[String], since_usec: u64, until_usec: Option<u64>) -> Self {
        let container_names = units.iter().map(|unit| stem(unit).to_owned()).collect();
        Self { uid, since_usec, until_usec, lost_probes: 0, container_names, container_ids: Vec::new() }
    }

    /// One more of the agent's own entries is among the dropped messages, and not to be counted.
    pub(super) fn lose_probe(&mut self) {
        self.lost_probes += 1;
    }

    /// Appends the line of `entry` to `out`, if it has one.
    pub(super) fn write(&mut self, entry: &Entry, out: &mut Vec<u8>) -> Written {
        if entry.transport.as_deref() == Some("driver") {
            return self.write_dropped(entry, out);
        }
        if entry.podman_event.is_some() {
            self.remember(entry.podman_id.as_deref());
        }
        let Some(message) = entry.message.as_deref() else { return Written::Nothing };
        if entry.probe.is_some() || self.is_noise(entry, message) {
            return Written::Nothing;
        }
        let text = String::from_utf8_lossy(message);
        LogLine {
            lossy: matches!(text, Cow::Owned(_)),
            message: text,
            truncated: entry.truncated,
            continues: entry.line_break.as_deref() == Some("line-max"),
            ..head(entry)
        }
        .write(out);
        Written::Output
    }

    /// journald counts per system unit, that is: all units of the user together.
    fn write_dropped(&self, entry: &Entry, out: &mut Vec<u8>) -> Written {
        let dropped = entry.dropped.filter(|_| entry.message_id.as_deref() == Some(DROPPED_MESSAGE_ID));
        let whose = format!(" from user@{}.service", self.uid);
        let ours = entry.message.as_deref().is_some_and(|message| message.ends_with(whose.as_bytes()));
        let in_time = entry.timestamp_usec >= self.since_usec
            && self.until_usec.is_none_or(|until| entry.timestamp_usec <= until);
        let (Some(dropped), true, true) = (dropped, ours, in_time) else { return Written::Nothing };
        let dropped = dropped.saturating_sub(self.lost_probes);
        let message = format!("journald dropped {dropped} messages of this user's units (its rate limit)");
        let line =
            LogLine { message: message.into(), dropped: Some(dropped), priority: PRIORITY_WARNING, ..head(entry) };
        LogLine { comm: None, pid: None, ..line }.write(out);
        Written::Dropped
    }

    fn remember(&mut self, container_id: Option<&str>) {
        if let Some(id) = container_id.filter(|id| !self.container_ids.iter().any(|known| known == id)) {
            self.container_ids.push(id.to_owned());
        }
    }

    /// What Podman, systemd and the agent say in the unit besides errors.
    fn is_noise(&self, entry: &Entry, message: &[u8]) -> bool {
        let is_error = entry.priority.is_some_and(|priority| priority <= PRIORITY_ERROR);
        match entry.comm.as_deref() {
            Some(AGENT_COMM) => return true,
            Some(PODMAN_COMM | PODMAN_REEXEC_COMM) if is_container_id(message) => return true,
            Some(PODMAN_COMM | PODMAN_REEXEC_COMM) | None if self.names_container(message) => return true,
            _ => {}
        }
        entry.podman_event.is_some() || (entry.user_unit.is_some() && !is_error)
    }

    fn names_container(&self, message: &[u8]) -> bool {
        self.container_names.iter().chain(&self.container_ids).any(|name| name.as_bytes() == message)
    }
}

fn head(entry: &Entry) -> LogLine<'_> {
    LogLine {
        timestamp: entry.timestamp_usec,
        cursor: &entry.cursor,
        priority: entry.priority.unwrap_or(PRIORITY_INFO),
        comm: entry.comm.as_deref(),
        pid: entry.pid,
        ..LogLine::default()
    }
}

fn is_container_id(message: &[u8]) -> bool {
    message.len() == 64 && message.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A unit's name without its type: what Quadlet makes the container's name and the syslog identifier of its output.
pub(super) fn stem(unit: &str) -> &str {
    unit.rsplit_once('.').map_or(unit, |(stem, _)| stem)
}

#[cfg(test)]
mod tests;
