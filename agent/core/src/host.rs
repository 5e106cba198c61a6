//! What the plan of a session needs to know of the host: plain data, gathered
//! by the agent for one request.

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

/// The facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// The user's id; mounts must belong to him.
    pub uid: u32,
    /// cgroup controllers delegated to the user manager.
    pub controllers: Vec<String>,
    /// Whether the image is in the user's storage.
    pub image_present: bool,
    /// Whether the image of the session's own display is; without such a display
    /// it does not matter.
    pub display_image_present: bool,
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
    /// Absolute path of the agent's executable, for the commands in the units.
    pub agent: String,
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
