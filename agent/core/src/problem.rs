//! What is wrong with a request: every problem at once, each with its key.

use std::fmt;

/// The kind of a problem; it becomes the name of the D-Bus error.
///
/// The order is the order of precedence when a request has several problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemClass {
    /// The value has the wrong type, form or range, or a key is missing.
    Invalid,
    /// No such key.
    UnknownKey,
    /// More than the settings permit.
    LimitExceeded,
    /// The host, or this version, cannot do it.
    Unsupported,
    /// The library is missing or cannot be read.
    LibraryUnavailable,
    /// The image is not on the host.
    ImageMissing,
}

/// One problem of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The request key.
    pub key: String,
    /// Which kind of problem.
    pub class: ProblemClass,
    /// What is wrong and what would be right.
    pub message: String,
}

/// All problems of a request; never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Records a problem.
    pub fn push(&mut self, class: ProblemClass, key: &str, message: impl Into<String>) {
        self.0.push(Problem { key: key.to_owned(), class, message: message.into() });
    }

    /// Records that the value of `key` is invalid.
    pub fn invalid(&mut self, key: &str, message: impl Into<String>) {
        self.push(ProblemClass::Invalid, key, message);
    }

    /// A single problem.
    pub fn one(class: ProblemClass, key: &str, message: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.push(class, key, message);
        problems
    }

    /// `Ok(value)` when nothing was recorded.
    ///
    /// # Errors
    /// The problems themselves.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Adds the problems of `other`.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The problems in the order they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// True when nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The class that names the whole: the first in precedence.
    pub fn class(&self) -> ProblemClass {
        self.0.iter().map(|problem| problem.class).min().unwrap_or(ProblemClass::Invalid)
    }
}

/// Longest piece of a caller's text repeated in a message, in characters.
const QUOTED_MAX: usize = 80;

/// `text` in quotes for a message: bounded, control characters escaped.
pub fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(QUOTED_MAX).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("{head:?}{more}")
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {}", problem.key, problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
