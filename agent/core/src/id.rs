//! Session identifiers.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A 128-bit session id.
///
/// Its one text form is 32 lower case hexadecimal digits, as systemd's own
/// 128-bit ids (machine-id(5)): without dashes, because a dash in a slice
/// unit's name makes a level of the hierarchy (systemd.slice(5)). Parsing also
/// takes the dashed and upper case forms of a UUID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionId(u128);

/// The text is not a session id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a session id, expected a UUID such as 2f1c8a52-7d3b-4a43-9f50-0b9d6c1e4a77")]
pub struct InvalidId;

/// Which part of a session a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The game itself.
    Game,
    /// The display server of a streamed session, with its X server.
    Display,
    /// The sound server of a streamed session.
    Sound,
    /// What shows a streamed session to browsers.
    Streamer,
}

impl Role {
    /// All parts that a session can have.
    pub const ALL: [Self; 4] = [Self::Game, Self::Display, Self::Sound, Self::Streamer];

    /// The word for it in names of units and files, and on the command line; none for the game.
    pub fn word(self) -> Option<&'static str> {
        match self {
            Self::Game => None,
            Self::Display => Some("display"),
            Self::Sound => Some("sound"),
            Self::Streamer => Some("streamer"),
        }
    }

    /// What people call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Game => "game",
            Self::Display => "display server",
            Self::Sound => "sound server",
            Self::Streamer => "streamer",
        }
    }

    /// The part that this word is for.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == Some(word))
    }
}

impl SessionId {
    /// An id from 128 random bits.
    pub fn from_random(bits: u128) -> Self {
        Self(bits)
    }

    /// Name of the session's slice unit.
    pub fn slice(&self) -> String {
        format!("dillinger-session-{self}.slice")
    }

    /// Name of the game's service unit.
    pub fn game_unit(&self) -> String {
        self.unit(Role::Game)
    }

    /// Name of the service unit of a part of the session.
    pub fn unit(&self, role: Role) -> String {
        format!("{}.service", self.container(role))
    }

    /// Name of the container of a part of the session.
    pub fn container(&self, role: Role) -> String {
        match role.word() {
            None => format!("dillinger-session-{self}"),
            Some(word) => format!("dillinger-session-{self}-{word}"),
        }
    }

    /// The session that a unit of ours belongs to, if `unit` is one.
    pub fn of_unit(unit: &str) -> Option<Self> {
        let rest = unit.strip_prefix("dillinger-session-")?;
        let (id, suffix) = rest.split_at_checked(32)?;
        if !(suffix.starts_with('.') || suffix.starts_with('-')) {
            return None;
        }
        canonical(id)
    }
}

fn canonical(text: &str) -> Option<SessionId> {
    let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 32 || !text.bytes().all(lower_hex) {
        return None;
    }
    u128::from_str_radix(text, 16).ok().map(SessionId)
}

impl FromStr for SessionId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let plain = match text.len() {
            32 => text.to_owned(),
            36 => {
                let dashes = [8, 13, 18, 23];
                let placed = text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == dashes.contains(&at));
                if !placed {
                    return Err(InvalidId);
                }
                text.replace('-', "")
            }
            _ => return Err(InvalidId),
        };
        canonical(&plain.to_ascii_lowercase()).ok_or(InvalidId)
    }
}

impl TryFrom<String> for SessionId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        text.parse()
    }
}

impl From<SessionId> for String {
    fn from(id: SessionId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "2f1c8a527d3b4a439f500b9d6c1e4a77";

    #[test]
    fn accepts_the_forms_of_a_uuid() {
        for text in [PLAIN, "2f1c8a52-7d3b-4a43-9f50-0b9d6c1e4a77", "2F1C8A52-7D3B-4A43-9F50-0B9D6C1E4A77"] {
            assert_eq!(text.parse::<SessionId>().unwrap().to_string(), PLAIN, "{text}");
        }
    }

    #[test]
    fn refuses_everything_else() {
        let long = "0".repeat(33);
        for text in [
            "",
            "1",
            long.as_str(),
            "2f1c8a52-7d3b-4a43-9f500-b9d6c1e4a77",
            "../../../../etc/passwd/aaaaaaaaaa",
            "+f1c8a527d3b4a439f500b9d6c1e4a77",
            "２f1c8a527d3b4a439f500b9d6c1e4a7",
        ] {
            assert_eq!(text.parse::<SessionId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn finds_the_session_of_a_unit() {
        let id: SessionId = PLAIN.parse().unwrap();
        assert_eq!(SessionId::of_unit(&id.game_unit()), Some(id));
        assert_eq!(SessionId::of_unit(&id.slice()), Some(id));
        for role in Role::ALL {
            assert_eq!(SessionId::of_unit(&id.unit(role)), Some(id), "{role:?}");
            assert_eq!(role.word().and_then(Role::of_word), role.word().map(|_| role));
        }
        for other in [
            "dillinger-session.slice",
            "dillinger-runner.service",
            "dillinger-session-2f1c.slice",
            "dillinger-session-2F1C8A527D3B4A439F500B9D6C1E4A77.slice",
            "dillinger-session-€€€€€€€€€€€.slice",
        ] {
            assert_eq!(SessionId::of_unit(other), None, "{other}");
        }
    }
}
