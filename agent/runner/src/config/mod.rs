//! The settings: TOML files, read in three stages.
//!
//! ```text
//! directories -> fragments (each file by itself) -> merged (later wins, key by key) -> Settings
//! ```
//!
//! The last stage is the only one that knows what a key means. Whatever is
//! wrong in any file is reported at once, with file, line, column and key;
//! the rest of the program sees valid values only.

mod fragment;
mod merge;
mod problem;
mod read;
mod schema;
mod stream;
mod validate;
mod value;

pub use problem::{Location, Problem};

use dillinger_runner_core::policy::Policy;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

/// Everything that can be set, with valid values.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[session]`, `[ceilings]`, and the images of `[images]`.
    pub policy: Policy,
    /// `[images] Pull`: when `PrepareImage` pulls, unless its caller says.
    pub pull: PullPolicy,
    /// `[stream]`, as far as it concerns the agent; the rest is in
    /// `policy.stream`.
    pub stream: StreamSettings,
    /// `[retention]`
    pub retention: Retention,
    /// `[systemd] DaemonReload`
    pub daemon_reload: DaemonReload,
}

/// `[stream]`: the UDP sockets of streamed sessions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamSettings {
    /// Ports to choose from; `None` leaves it to the kernel.
    pub ports: Option<RangeInclusive<u16>>,
    /// Addresses that viewers are told.
    pub addresses: Addresses,
    /// The address that 1:1 NAT gives to the one this host has.
    pub public_address: Option<IpAddr>,
}

/// Where viewers reach a session.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Addresses {
    /// At all addresses that the host has when a viewer comes.
    #[default]
    Auto,
    /// At these.
    These(Vec<IpAddr>),
}

/// `[retention]`: how long ended sessions are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long the D-Bus object of an ended session, or of a finished job,
    /// stays.
    pub ended_objects: Duration,
    /// How many ended sessions `ListEnded` knows; the oldest go first.
    pub ended_records: usize,
}

/// `[systemd] DaemonReload`: how systemd learns of a session's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DaemonReload {
    /// By the changed time of the unit directory; a reload only when that
    /// failed.
    #[default]
    Auto,
    /// By a reload before each start.
    Always,
}

/// When an image is pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PullPolicy {
    /// When it is not in the user's storage.
    #[default]
    Missing,
    /// Each time, so that a moved tag is followed.
    Always,
    /// Not at all.
    Never,
}

/// The word is no pull policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of missing, always, never")]
pub struct InvalidPullPolicy(String);

impl FromStr for PullPolicy {
    type Err = InvalidPullPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPullPolicy> {
        match text {
            "missing" => Ok(Self::Missing),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            other => Err(InvalidPullPolicy(other.to_owned())),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            pull: PullPolicy::default(),
            stream: StreamSettings::default(),
            retention: Retention { ended_objects: Duration::from_secs(600), ended_records: 1000 },
            daemon_reload: DaemonReload::default(),
        }
    }
}

impl Settings {
    /// Reads and checks the settings files of `directories`, of which each may
    /// hold a `runner.toml` and a `runner.toml.d/` with `*.toml`; later files
    /// win, key by key. No file at all gives the built-in defaults.
    ///
    /// # Errors
    /// Every problem of every file, sorted by place.
    pub fn load(directories: &[PathBuf]) -> Result<Self, Vec<Problem>> {
        let (sources, unreadable) = read::sources(directories);
        let texts = sources.iter().map(|source| (source.file.as_path(), source.text.as_str()));
        Self::from_texts(texts, unreadable)
    }

    /// The settings that one text holds; `file` only names it in problems.
    ///
    /// # Errors
    /// Every problem of the text.
    pub fn parse(file: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        Self::from_texts(std::iter::once((file, text)), Vec::new())
    }

    fn from_texts<'a>(
        texts: impl Iterator<Item = (&'a Path, &'a str)>,
        mut problems: Vec<Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let mut fragments = Vec::new();
        for (file, text) in texts {
            match fragment::parse(file, text) {
                Ok(fragment) => fragments.push(fragment),
                Err(more) => problems.extend(more),
            }
        }
        match validate::validate(&merge::merge(fragments)) {
            Ok(settings) if problems.is_empty() => Ok(settings),
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                problems.sort_by(|a, b| a.at.cmp(&b.at));
                Err(problems)
            }
        }
    }

    /// Defaults and ceilings of requests.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// How long the D-Bus object of an ended session or job stays.
    pub fn ended_objects(&self) -> Duration {
        self.retention.ended_objects
    }

    /// How many ended sessions are remembered.
    pub fn ended_records(&self) -> usize {
        self.retention.ended_records
    }

    /// True when systemd is to be reloaded before each start.
    pub fn daemon_reload_always(&self) -> bool {
        self.daemon_reload == DaemonReload::Always
    }
}

#[cfg(test)]
mod tests;
