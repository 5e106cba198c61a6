//! From a request and the settings to one complete, effective session.

mod properties;
mod resolve;
mod stream;
mod windows;

pub use resolve::{check_ceilings, resolve};
pub use stream::StreamSpec;
pub use windows::WindowsSpec;

use crate::id::SessionId;
use crate::limits::Limits;
use crate::request::{Library, MountRequest, Network, Runner, Variable};
use serde::{Deserialize, Serialize};

/// A session as it will be: every key has its effective value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSpec {
    /// Its id.
    pub id: SessionId,
    /// The caller's name of the game; never interpreted.
    pub game_id: String,
    /// The title to show; never interpreted.
    pub title: String,
    /// Which kind of program it runs.
    pub runner: Runner,
    /// Container image.
    pub image: String,
    /// The program of a native game and its arguments.
    pub command: Vec<String>,
    /// Working directory in the container; `None` is the image's own.
    pub working_directory: Option<String>,
    /// The game's environment, besides what Podman sets.
    pub environment: Vec<Variable>,
    /// The library, mounted read-only at `/library`.
    pub library: Library,
    /// Host directory of the saves, the game's home; `None` is a home that
    /// ends with the session.
    pub saves: Option<String>,
    /// More mounts.
    pub mounts: Vec<MountRequest>,
    /// Limits of the session's slice.
    pub limits: Limits,
    /// Its own display, if it has one.
    #[serde(default)]
    pub stream: Option<StreamSpec>,
    /// What a Windows game has more.
    #[serde(default)]
    pub windows: Option<WindowsSpec>,
    /// The network it sees.
    pub network: Network,
    /// Whether the game may make user namespaces of its own.
    #[serde(default)]
    pub user_namespaces: bool,
    /// Longest run time in µs; `u64::MAX` is no bound.
    pub runtime_max_usec: u64,
    /// Time from SIGTERM to SIGKILL in µs.
    pub timeout_stop_usec: u64,
}

/// One decision and where it came from, for people who ask why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The request key.
    pub key: String,
    /// The effective value, as text.
    pub value: String,
    /// Who decided: the request, the settings, a default, the host.
    pub reason: String,
}
