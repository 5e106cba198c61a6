//! The records of living and ended sessions, one file each, so that a crash
//! between two writes leaves whole files.
//!
//! ```text
//! <state>/sessions/<id>.json        a session that lives
//! <state>/sessions/<id>.end.json    what the game's unit recorded of its end
//! <state>/sessions/<id>.<part>.end.json     what that of a part of its display did
//! <state>/ended/<time>-<id>.json    a session that ended; bounded in number
//! ```

use super::{absent_is_fine, make_private, write_whole};
use dillinger_runner_core::id::{Role, SessionId};
use dillinger_runner_core::outcome::{EndFacts, Ending};
use dillinger_runner_core::record::SessionRecord;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

/// A session that ended, with everything known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndRecord {
    /// What it was.
    pub session: SessionRecord,
    /// What was recorded of its end.
    pub facts: EndFacts,
    /// How it ended.
    pub ending: Ending,
}

/// The directory of records.
#[derive(Debug, Clone)]
pub struct Records {
    sessions: PathBuf,
    ended: PathBuf,
}

impl Records {
    /// Opens, and makes if need be, the records below the state directory.
    ///
    /// # Errors
    /// The directories cannot be made.
    pub fn open(state: &Path) -> io::Result<Self> {
        let records = Self { sessions: state.join("sessions"), ended: state.join("ended") };
        make_private(&records.sessions)?;
        make_private(&records.ended)?;
        Ok(records)
    }

    fn session_file(&self, id: SessionId) -> PathBuf {
        self.sessions.join(format!("{id}.json"))
    }

    fn end_file(&self, id: SessionId, role: Role) -> PathBuf {
        self.sessions.join(match role.word() {
            None => format!("{id}.end.json"),
            Some(word) => format!("{id}.{word}.end.json"),
        })
    }

    /// Writes that a session lives.
    pub fn write_session(&self, record: &SessionRecord) -> io::Result<()> {
        write_whole(&self.session_file(record.spec.id), &serde_json::to_vec(record)?)
    }

    /// The record of a living session.
    pub fn session(&self, id: SessionId) -> Option<SessionRecord> {
        read(&self.session_file(id)).ok()
    }

    /// The records of all living sessions. A file that cannot be read is left
    /// out with a warning: it must not hide the others.
    pub fn sessions(&self) -> io::Result<Vec<SessionRecord>> {
        let mut records = Vec::new();
        for name in names(&self.sessions)? {
            let id = name.strip_suffix(".json").and_then(|stem| stem.parse::<SessionId>().ok());
            if id.is_none() {
                continue;
            }
            match read(&self.sessions.join(&name)) {
                Ok(record) => records.push(record),
                Err(error) => tracing::warn!(file = name, %error, "a session record cannot be read"),
            }
        }
        Ok(records)
    }

    /// Writes what is known of the end of a part of a session; the unit's own
    /// command calls it.
    pub fn write_end(&self, id: SessionId, role: Role, facts: &EndFacts) -> io::Result<()> {
        write_whole(&self.end_file(id, role), &serde_json::to_vec(facts)?)
    }

    /// What the unit of a part of a session recorded of its end, if it did.
    pub fn end(&self, id: SessionId, role: Role) -> Option<EndFacts> {
        read(&self.end_file(id, role)).ok()
    }

    /// Moves a session to the ended ones, and drops the oldest of those beyond
    /// `keep`. Doing it again after a crash does no harm.
    pub fn finish(&self, record: &EndRecord, keep: usize) -> io::Result<()> {
        let id = record.session.spec.id;
        let name = format!("{:020}-{id}.json", record.facts.ended_usec);
        write_whole(&self.ended.join(name), &serde_json::to_vec(record)?)?;
        self.forget(id)?;
        let names = self.ended_names()?;
        for name in names.iter().skip(keep) {
            absent_is_fine(std::fs::remove_file(self.ended.join(name)))?;
        }
        Ok(())
    }

    /// Removes the record of a session that was never started.
    pub fn forget(&self, id: SessionId) -> io::Result<()> {
        absent_is_fine(std::fs::remove_file(self.session_file(id)))?;
        let removed = Role::ALL.map(|role| absent_is_fine(std::fs::remove_file(self.end_file(id, role))));
        removed.into_iter().collect()
    }

    /// Removes ends that were recorded for sessions that nobody knows any more.
    pub fn drop_stray_ends(&self) -> io::Result<()> {
        for name in names(&self.sessions)? {
            let stem = name.strip_suffix(".end.json").and_then(|stem| stem.split('.').next());
            let id = stem.and_then(|stem| stem.parse::<SessionId>().ok());
            if id.is_some_and(|id| !self.session_file(id).exists()) {
                absent_is_fine(std::fs::remove_file(self.sessions.join(&name)))?;
            }
        }
        Ok(())
    }

    /// Ended sessions, newest first; `wanted` decides by id and time of the
    /// end before a file is read.
    pub fn ended(&self, wanted: impl Fn(SessionId, u64) -> bool) -> io::Result<impl Iterator<Item = EndRecord>> {
        let directory = self.ended.clone();
        let names = self.ended_names()?;
        let chosen: Vec<String> =
            names.into_iter().filter(|name| split_name(name).is_some_and(|(usec, id)| wanted(id, usec))).collect();
        Ok(chosen.into_iter().filter_map(move |name| read(&directory.join(name)).ok()))
    }

    fn ended_names(&self) -> io::Result<Vec<String>> {
        let mut names = names(&self.ended)?;
        names.retain(|name| split_name(name).is_some());
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok(names)
    }
}

fn split_name(name: &str) -> Option<(u64, SessionId)> {
    let (usec, id) = name.strip_suffix(".json")?.split_once('-')?;
    Some((usec.parse().ok()?, id.parse().ok()?))
}

fn names(directory: &Path) -> io::Result<Vec<String>> {
    let entries = std::fs::read_dir(directory)?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect())
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&std::fs::read(path)?)?)
}
