//! What is written down of a session so that it outlives the agent and the
//! host's runtime directory.

use crate::id::SessionId;
use crate::outcome::Ending;
use crate::spec::SessionSpec;
use crate::value::RawRequest;
use serde::{Deserialize, Serialize};

/// Written before a session's units are made, removed after its end was
/// recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// What the caller asked for, to tell the same request from another.
    pub request: RawRequest,
    /// What it became.
    pub spec: SessionSpec,
    /// Names of its service units, the game's first.
    pub units: Vec<String>,
    /// What the caller should know.
    pub warnings: Vec<String>,
    /// Realtime µs of its acceptance.
    pub created_usec: u64,
    /// The kernel's boot id: a session of another boot was lost.
    pub boot_id: String,
}

/// A session that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndedRecord {
    /// Its id.
    pub id: SessionId,
    /// Key of the same name.
    pub game_id: String,
    /// Key of the same name.
    pub title: String,
    /// Key of the same name.
    pub runner: String,
    /// Key of the same name.
    pub image: String,
    /// How it ended.
    pub ending: Ending,
    /// Realtime µs of its acceptance.
    pub created_usec: u64,
    /// Realtime µs when the game ran; 0 if it never did.
    pub started_usec: u64,
    /// Realtime µs of its end.
    pub ended_usec: u64,
    /// CPU time in µs.
    pub cpu_usage_usec: Option<u64>,
    /// Highest memory use in bytes.
    pub memory_peak: Option<u64>,
}

impl SessionRecord {
    /// The record of the session's end.
    pub fn ended(&self, ending: Ending, facts: &crate::outcome::EndFacts) -> EndedRecord {
        EndedRecord {
            id: self.spec.id,
            game_id: self.spec.game_id.clone(),
            title: self.spec.title.clone(),
            runner: self.spec.runner.as_str().to_owned(),
            image: self.spec.image.clone(),
            ending,
            created_usec: self.created_usec,
            started_usec: facts.started_usec,
            ended_usec: facts.ended_usec,
            cpu_usage_usec: facts.cpu_usage_usec,
            memory_peak: facts.memory_peak,
        }
    }
}
