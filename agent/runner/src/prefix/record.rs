//! What is written down of prefixes, templates and snapshots. A field that an older version did not write has its
//! default.

use super::error::{Error, Result};
use crate::store::write_whole;
use dillinger_runner_core::wine::Tool;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Whether a prefix can be a layer over its template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layering {
    /// Podman mounts overlays in this directory.
    Overlay,
    /// It does not: a prefix is a copy, which shares blocks where the file system can.
    Copy,
}

/// `template.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    /// Full id of the image that it was made in.
    pub image_id: String,
    /// That image as the caller named it.
    pub image: String,
    /// Name of the build of the host; none is the image's own.
    #[serde(default)]
    pub build: Option<String>,
    /// What made it.
    pub tool: Tool,
    /// What prefixes over it are.
    pub layering: Layering,
    /// When it was made, realtime µs.
    #[serde(default)]
    pub created_usec: u64,
}

/// `prefix.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixRecord {
    /// The caller's name of the game.
    #[serde(default)]
    pub game_id: String,
    /// What runs its programs.
    pub tool: Tool,
    /// Name of the build of the host that used it last; none is the image's own.
    #[serde(default)]
    pub build: Option<String>,
    /// Key of the template that it is a layer over, or was last brought up to; empty for an imported prefix that no session
    /// has used.
    #[serde(default)]
    pub template: String,
    /// Whether it is a layer.
    #[serde(default)]
    pub layered: bool,
    /// When it was made, realtime µs.
    #[serde(default)]
    pub created_usec: u64,
    /// When a session last used it, realtime µs; 0 if none did.
    #[serde(default)]
    pub last_used_usec: u64,
    /// winetricks verbs that it has.
    #[serde(default)]
    pub verbs: Vec<String>,
    /// The directory of saves of the session that used it last; none if there were no saves, or no session.
    #[serde(default)]
    pub saves: Option<PathBuf>,
}

/// `snapshot.json`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotRecord {
    /// When it was taken, realtime µs.
    #[serde(default)]
    pub created_usec: u64,
    /// What its maker says of it.
    #[serde(default)]
    pub comment: String,
    /// Whether nobody asked for it by name: the oldest of these go.
    #[serde(default)]
    pub automatic: bool,
    /// The prefix as it was then.
    pub prefix: PrefixRecord,
}

pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = std::fs::read(path).map_err(Error::storage("reading", path))?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Storage(format!("reading {}: {error}", path.display())))
}

pub(super) fn write<T: Serialize>(path: &Path, record: &T) -> Result<()> {
    let bytes = serde_json::to_vec_pretty(record).map_err(std::io::Error::from);
    bytes.and_then(|bytes| write_whole(path, &bytes)).map_err(Error::storage("writing", path))
}
