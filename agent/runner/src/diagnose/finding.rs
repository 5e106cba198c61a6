//! What a probe found out.

use std::fmt;

/// How a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Sessions run, but something is missing or slower.
    Warning,
    /// Sessions cannot run, or lose something important.
    Error,
    /// It could not be found out.
    Unknown,
}

impl Status {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A subject of diagnosis: its id in kebab case, and why it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// For example `podman-version`.
    pub id: &'static str,
    /// One sentence.
    pub why: &'static str,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// How it is.
    pub status: Status,
    /// What is, in one line.
    pub summary: String,
    /// The command or file that mends it; empty when nothing is to be done.
    pub remedy: String,
}

impl Subject {
    /// As it should be.
    pub(super) fn ok(self, summary: impl Into<String>) -> Finding {
        self.finding(Status::Ok, summary, String::new())
    }

    /// Something is missing or slower.
    pub(super) fn warning(self, summary: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Status::Warning, summary, remedy.into())
    }

    /// Sessions cannot run, or lose something important.
    pub(super) fn error(self, summary: impl Into<String>, remedy: impl Into<String>) -> Finding {
        self.finding(Status::Error, summary, remedy.into())
    }

    /// It could not be found out, for this reason.
    pub(super) fn unknown(self, reason: impl fmt::Display) -> Finding {
        self.finding(Status::Unknown, format!("could not be found out: {reason}"), String::new())
    }

    fn finding(self, status: Status, summary: impl Into<String>, remedy: String) -> Finding {
        // A reason may be several lines of another program.
        let summary = summary.into().split_whitespace().collect::<Vec<_>>().join(" ");
        Finding { subject: self, status, summary, remedy }
    }
}
