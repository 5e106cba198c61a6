//! Why something could not be done with a prefix, a template or saves.

use dillinger_runner_api::Error as ApiError;
use dillinger_runner_core::problem::quoted;
use std::io;
use std::path::Path;

/// The reasons, by what a caller can do about them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no prefix of this name.
    #[error("there is no prefix {}, ListPrefixes tells which there are", quoted(.0))]
    NoSuchPrefix(String),
    /// The prefix has no such snapshot.
    #[error("prefix {prefix} has no snapshot {}, {}", quoted(snapshot), known(has))]
    NoSuchSnapshot {
        /// The prefix.
        prefix: String,
        /// What was asked for.
        snapshot: String,
        /// Those that it has.
        has: Vec<String>,
    },
    /// There are no saves of this name.
    #[error("there are no saves {}, ListSaves tells which there are", quoted(.0))]
    NoSuchSaves(String),
    /// Somebody uses it.
    #[error("{what} is in use{}", by(holder.as_deref()))]
    Busy {
        /// What is in use.
        what: String,
        /// By whom, where that is known.
        holder: Option<String>,
    },
    /// The template that the prefix is a layer over has gone.
    #[error("the template {0} is not there, PrepareImage makes it")]
    NoTemplate(String),
    /// It cannot be what was asked for.
    #[error("{0}")]
    Invalid(String),
    /// The file system refuses.
    #[error("{0}")]
    Storage(String),
}

/// What most calls here answer.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A form of `map_err` for something that is done to `path`.
    pub(crate) fn storage<'a>(what: &'a str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |error| Self::Storage(format!("{what} {}: {error}", path.display()))
    }
}

fn known(has: &[String]) -> String {
    match has {
        [] => "it has none".to_owned(),
        has => format!("expected one of {}", has.join(", ")),
    }
}

fn by(holder: Option<&str>) -> String {
    holder.map(|holder| format!(" by {holder}")).unwrap_or_default()
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NoSuchPrefix(_) => Self::NoSuchPrefix(text),
            Error::NoSuchSaves(_) => Self::NoSuchSaves(text),
            Error::NoSuchSnapshot { .. } | Error::Invalid(_) => Self::InvalidRequest(text),
            Error::Busy { .. } => Self::Busy(text),
            Error::NoTemplate(_) => Self::ImageMissing(text),
            Error::Storage(_) => Self::StorageFailed(text),
        }
    }
}
