//! Exit statuses, and failures that lead to them.

use dillinger_runner_api::{Dict, Error, text::TextError, wire::Field};
use std::io;

/// All went well.
pub const SUCCESS: u8 = 0;
/// The command failed.
pub const FAILED: u8 = 1;
/// Wrong arguments or a wrong request file.
pub const USAGE: u8 = 2;
/// There is no session, prefix or saves of this name.
pub const NO_SUCH_SESSION: u8 = 4;
/// The agent cannot be reached.
pub const UNREACHABLE: u8 = 69;
/// `run`: the game was ended after its longest run time.
pub const TIMEOUT: u8 = 124;
/// `run`: the game could not be started.
pub const START_FAILED: u8 = 125;
/// `run`: the game was killed by this status minus 128, a signal.
pub const KILLED_BASE: u8 = 128;
/// `run`: the kernel killed the game for want of memory.
pub const OOM_KILL: u8 = KILLED_BASE + 9;

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The agent said so.
    Agent(Error),
    /// `run`: the agent refused to start the game.
    NotStarted(Error),
    /// The agent cannot be reached.
    Unreachable(String),
    /// There is no session, prefix or saves of this name.
    NoSuchSession(String),
    /// Wrong arguments or a wrong request file.
    Usage(String),
    /// Anything else.
    Other(String),
    /// The reader of the output has gone, as with `| head`.
    OutputClosed,
}

impl Failure {
    /// The exit status for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Agent(_) | Self::Other(_) => FAILED,
            Self::NotStarted(_) => START_FAILED,
            Self::Unreachable(_) => UNREACHABLE,
            Self::NoSuchSession(_) => NO_SUCH_SESSION,
            Self::Usage(_) => USAGE,
            Self::OutputClosed => SUCCESS,
        }
    }

    /// What to tell the user, if anything.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Agent(error) | Self::NotStarted(error) => {
                Some(format!("{} ({})", error.message(), error.short_name()))
            }
            Self::Unreachable(text) | Self::NoSuchSession(text) | Self::Usage(text) | Self::Other(text) => {
                Some(text.clone())
            }
            Self::OutputClosed => None,
        }
    }
}

const START_HINT: &str = "`systemctl --user start dillinger-runner` starts it, `systemctl --user status dillinger-runner` \
     and `journalctl --user -u dillinger-runner` tell why it does not";

const BUS_HINT: &str = "log in, or let the user manager run with `loginctl enable-linger` \
     and set XDG_RUNTIME_DIR=/run/user/UID";

/// Errors of the bus that mean: nobody answers under the agent's name.
fn is_unreachable(name: &str) -> bool {
    let bus = name.strip_prefix("org.freedesktop.DBus.Error.").unwrap_or_default();
    let words = ["ServiceUnknown", "NameHasNoOwner", "NoReply", "Disconnected", "NoServer", "TimedOut", "Timeout"];
    words.contains(&bus) || bus.starts_with("Spawn") || name.starts_with("org.freedesktop.systemd1.")
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::NoSuchSession(text) | Error::NoSuchPrefix(text) | Error::NoSuchSaves(text) => {
                Self::NoSuchSession(text)
            }
            error if is_unreachable(&error.full_name()) => {
                Self::Unreachable(format!("the agent cannot be reached: {}; {START_HINT}", error.message()))
            }
            Error::ZBus(zbus::Error::Connection(error, _)) => {
                Self::Unreachable(format!("the session bus cannot be reached: {error}; {BUS_HINT}"))
            }
            Error::ZBus(
                error @ (zbus::Error::InputOutput(_) | zbus::Error::Address(_) | zbus::Error::Handshake(_)),
            ) => Self::Unreachable(format!("the session bus cannot be reached: {error}; {BUS_HINT}")),
            error => Self::Agent(error),
        }
    }
}

impl From<zbus::Error> for Failure {
    fn from(error: zbus::Error) -> Self {
        Error::from(error).into()
    }
}

impl From<zbus::fdo::Error> for Failure {
    fn from(error: zbus::fdo::Error) -> Self {
        zbus::Error::from(error).into()
    }
}

impl From<TextError> for Failure {
    fn from(error: TextError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Other(error.to_string()),
        }
    }
}

/// How a session ended, from its properties or from its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// The word of the contract.
    pub outcome: String,
    /// Why, in one line.
    pub reason: String,
    /// Exit status or number of the signal.
    pub status: i32,
}

impl End {
    /// From the keys that the properties of a session and the record of an ended one share.
    #[must_use]
    pub fn from_dict(dict: &Dict) -> Self {
        Self {
            outcome: Field::read(dict.get("Outcome")),
            reason: Field::read(dict.get("OutcomeReason")),
            status: Field::read(dict.get("ExitStatus")),
        }
    }

    /// The exit status of `dillingerctl run` for it.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let status = u8::try_from(self.status);
        match self.outcome.as_str() {
            "exited" | "stopped" => SUCCESS,
            "failed" => status.ok().filter(|status| *status != 0).unwrap_or(FAILED),
            "killed" => status.ok().and_then(|signal| signal.checked_add(KILLED_BASE)).unwrap_or(FAILED),
            "oom-kill" => OOM_KILL,
            "timeout" => TIMEOUT,
            "start-failed" => START_FAILED,
            _ => FAILED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_have_exit_statuses() {
        for (outcome, status, code) in [
            ("exited", 0, 0),
            ("failed", 7, 7),
            ("failed", 0, 1),
            ("failed", 300, 1),
            ("killed", 11, 139),
            ("killed", 200, 1),
            ("oom-kill", 9, 137),
            ("timeout", 15, 124),
            ("start-failed", 127, 125),
            ("stopped", 143, 0),
            ("lost", 0, 1),
            ("unheard-of", 0, 1),
        ] {
            let end = End { outcome: outcome.to_owned(), reason: String::new(), status };
            assert_eq!(end.exit_code(), code, "{outcome} {status}");
        }
    }

    #[test]
    fn failures_have_exit_statuses_and_say_what_to_do() {
        let unknown = Failure::from(zbus::fdo::Error::ServiceUnknown("no such name".to_owned()));
        assert_eq!(unknown.exit_code(), 69);
        assert!(unknown.message().unwrap().contains("systemctl --user start dillinger-runner"));
        let spawn = Failure::from(zbus::fdo::Error::SpawnChildExited("exit 1".to_owned()));
        assert_eq!(spawn.exit_code(), 69);
        let missing = Failure::from(Error::NoSuchSession("no session 1234".to_owned()));
        assert_eq!((missing.exit_code(), missing.message().unwrap().as_str()), (4, "no session 1234"));
        let refused = Failure::from(Error::LimitExceeded("MemoryMax: more than 1G".to_owned()));
        assert_eq!(refused.exit_code(), 1);
        assert_eq!(refused.message().unwrap(), "MemoryMax: more than 1G (LimitExceeded)");
        let pipe = Failure::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((pipe.exit_code(), pipe.message()), (0, None));
    }
}
