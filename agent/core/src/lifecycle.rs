//! The life of a session, read from what systemd says of its units.

use serde::{Deserialize, Serialize};

/// Where a session is in its life.
///
/// ```text
/// preparing -> starting -> running <-> paused -> stopping -> ended
/// ```
///
/// A session never goes back but from `paused` to `running`, and may leave out
/// what systemd left out: a game that fails at once is never seen `stopping`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Accepted; its unit files are being made.
    Preparing,
    /// systemd has its start job.
    Starting,
    /// The game runs.
    Running,
    /// Frozen by the cgroup freezer.
    Paused,
    /// systemd is ending it.
    Stopping,
    /// Over; it has an outcome.
    Ended,
}

impl State {
    /// All states in the order of a life.
    pub const ALL: [Self; 6] =
        [Self::Preparing, Self::Starting, Self::Running, Self::Paused, Self::Stopping, Self::Ended];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopping => "stopping",
            Self::Ended => "ended",
        }
    }

    /// A session in this state can be frozen.
    pub fn can_pause(self) -> bool {
        self == Self::Running
    }

    /// A session in this state has processes that a signal can reach.
    pub fn can_signal(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Stopping)
    }

    /// A session in this state has units.
    pub fn is_live(self) -> bool {
        self != Self::Ended
    }

    /// The state after systemd's word on the game's unit.
    ///
    /// `Ended` is never reached here: a unit that is inactive may not have been
    /// started yet; it is the end's record that ends a session.
    #[must_use]
    pub fn observe(self, unit: &UnitStatus) -> Self {
        let seen = match (unit.active, unit.frozen) {
            _ if self == Self::Ended => return self,
            (Active::Activating, _) => Self::Starting,
            (Active::Active, false) => Self::Running,
            (Active::Active, true) => Self::Paused,
            (Active::Deactivating, _) => Self::Stopping,
            (Active::Inactive, _) => return self,
        };
        let thawed = self == Self::Paused && seen == Self::Running;
        if seen > self || thawed { seen } else { self }
    }
}

/// A unit's `ActiveState`, as far as a session's life depends on it
/// (org.freedesktop.systemd1(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Active {
    /// `activating`
    Activating,
    /// `active`, and `reloading`, `refreshing`, `maintenance`, and whatever a
    /// later systemd may call a unit that is up.
    Active,
    /// `deactivating`
    Deactivating,
    /// `inactive` or `failed`
    Inactive,
}

impl Active {
    /// Reads systemd's word.
    pub fn parse(word: &str) -> Self {
        match word {
            "activating" => Self::Activating,
            "deactivating" => Self::Deactivating,
            "inactive" | "failed" => Self::Inactive,
            _ => Self::Active,
        }
    }
}

/// What systemd says of the game's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitStatus {
    /// Its `ActiveState`.
    pub active: Active,
    /// Whether its slice is frozen or about to be.
    pub frozen: bool,
}

/// Reads systemd's `FreezerState`.
pub fn is_frozen(freezer_state: &str) -> bool {
    matches!(freezer_state, "frozen" | "freezing" | "frozen-by-parent" | "freezing-by-parent")
}
