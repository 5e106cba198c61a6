//! What the plan of a session needs to know of the host: plain data, gathered
//! by the agent for one request.

use crate::plan::Layer;
use crate::wine::Program;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// A Podman version; of pre-releases only the numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PodmanVersion {
    /// Major number.
    pub major: u32,
    /// Minor number.
    pub minor: u32,
    /// Patch number.
    pub patch: u32,
}

/// The oldest Podman whose generator knows every Quadlet key we write
/// (`[Quadlet] DefaultDependencies=` came with 5.3, podman-systemd.unit(5)).
pub const PODMAN_FLOOR: PodmanVersion = PodmanVersion { major: 5, minor: 3, patch: 0 };

/// The text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a Podman version, expected such as 5.4.2")]
pub struct InvalidVersion;

impl FromStr for PodmanVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let numbers = text.trim().trim_start_matches('v');
        let mut parts = numbers.split(['.', '-', '+']).map(str::parse::<u32>);
        let mut next = || parts.next().and_then(Result::ok);
        let (Some(major), Some(minor)) = (next(), next()) else { return Err(InvalidVersion) };
        Ok(Self { major, minor, patch: next().unwrap_or(0) })
    }
}

impl fmt::Display for PodmanVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The library that a request names, as found on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryFact {
    /// The session has no library.
    NotAsked,
    /// Readable, at this host path.
    At(String),
    /// Not there or not readable.
    Unavailable {
        /// The host path or the volume's name.
        place: String,
        /// Why.
        reason: String,
    },
}

/// A host path that a request names, as found on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathFact {
    /// It exists.
    Found {
        /// The path with all symbolic links resolved.
        canonical: String,
        /// User id of the owner.
        owner: u32,
        /// True for a directory.
        directory: bool,
    },
    /// It does not exist or cannot be looked at, with the reason.
    Missing(String),
}

/// The virtual gamepads of a streamed session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GamepadFact {
    /// The session wants none.
    NotAsked,
    /// They can be made; nobody has made them, since the session is only
    /// explained.
    Possible,
    /// They are there, with these event nodes.
    Made(Vec<String>),
    /// This host cannot have them, with the reason.
    Missing(String),
}

/// What runs a Windows game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildFact {
    /// The Wine of the image.
    Image,
    /// A build of the host.
    Host {
        /// Its name.
        name: String,
        /// Its directory.
        path: String,
    },
    /// The build that was asked for is not there, or cannot be used, with the
    /// reason.
    Unusable(String),
}

/// The prefix of a Windows game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrefixFact {
    /// A layer over the template of the image or build.
    Layered {
        /// The template's key.
        key: String,
        /// The template's directory.
        template: String,
        /// The prefix's own directory; `None` is one that ends with the session.
        directory: Option<String>,
        /// Where the changes lie; `None` with `directory`.
        layer: Option<Layer>,
        /// Whether it was last used with another build.
        migrate: bool,
    },
    /// A whole directory.
    Whole {
        /// Key of the template that it is, or is to be, up to; empty for one that is
        /// used as it is.
        key: String,
        /// The directory that is mounted.
        files: String,
        /// The prefix's own directory.
        directory: String,
        /// Whether it is the agent's own; else it is used as it is.
        managed: bool,
        /// Whether it was last used with another build.
        migrate: bool,
    },
    /// There is no template of the image or build yet.
    NoTemplate,
    /// The prefix that was asked for cannot be used, with the reason.
    Unusable(String),
}

impl PrefixFact {
    /// Whether the prefix was last used with another build.
    pub fn migrates(&self) -> bool {
        matches!(self, Self::Layered { migrate: true, .. } | Self::Whole { migrate: true, .. })
    }
}

/// The program of a Windows game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProgramFact {
    /// It is there, and this is how it is started; without arguments.
    Found(Program),
    /// It cannot be started, with the reason.
    Refused(String),
    /// It is in a prefix that cannot be used, which says its own reason.
    NotLookedFor,
}

/// What a Windows game needs to know of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowsFacts {
    /// What runs it.
    pub build: BuildFact,
    /// Its prefix.
    pub prefix: PrefixFact,
    /// Its program.
    pub program: ProgramFact,
    /// Whether overlays can be mounted over the library.
    pub overlay: bool,
    /// Whether the program's directory in the library is another user's: its files
    /// stay his in a layer over it.
    pub foreign: bool,
    /// Whether the kernel synchronizes for Windows programs (`/dev/ntsync`).
    pub ntsync: bool,
    /// Number of processors.
    pub processors: u32,
}

/// The facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The user's id; mounts must belong to him.
    pub uid: u32,
    /// cgroup controllers delegated to the user manager.
    pub controllers: Vec<String>,
    /// Whether the image is in the user's storage.
    pub image_present: bool,
    /// The label `org.dillinger.display` of the image of the session's own display, empty without one. `None` if the image
    /// is not in the user's storage. Without such a display it does not matter.
    pub display_image: Option<String>,
    /// The virtual gamepads.
    pub gamepads: GamepadFact,
    /// The library.
    pub library: LibraryFact,
    /// Every host path of the request.
    pub paths: BTreeMap<String, PathFact>,
    /// Where saves lie when a request does not say: `<saves_root>/<GameId>`.
    pub saves_root: String,
    /// `$XDG_RUNTIME_DIR`: never mounted, nor anything above or below it.
    pub runtime_dir: String,
    /// The agent's state directory.
    pub state_dir: String,
    /// What a Windows game needs to know; `None` for a native one.
    pub windows: Option<WindowsFacts>,
    /// Absolute path of the agent's executable, for the commands in the units.
    pub agent: String,
    /// Directory of the seccomp profiles.
    pub seccomp: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let version = |text: &str| text.parse::<PodmanVersion>();
        assert_eq!(version("5.4.2").unwrap().to_string(), "5.4.2");
        assert_eq!(version("6.0.0-dev\n").unwrap().to_string(), "6.0.0");
        assert!(version("4.9.3").unwrap() < PODMAN_FLOOR && version("v5.3").unwrap() >= PODMAN_FLOOR);
        assert!(version("").is_err() && version("five").is_err());
    }
}
