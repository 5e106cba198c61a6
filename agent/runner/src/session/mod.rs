//! Sessions: one task owns the set of them, and one task owns each.
//!
//! The tasks are the only ones who know the adapters: systemd, Podman, the
//! files, the bus. D-Bus objects hold a [`Handle`] or the [`Registry`]'s
//! address, nothing else.

mod adopt;
mod audience;
mod context;
mod control;
mod finish;
mod handle;
mod logout;
mod prepare;
mod registry;
mod task;

pub use audience::Audience;
pub use context::{Context, Reload};
pub use handle::{Command, Handle, Reply, Status, View};
pub use logout::stop_paused;
pub use prepare::Planned;
pub use registry::{Registry, RegistryHandle};

use dillinger_runner_api::Error;
use dillinger_runner_core::problem::{ProblemClass, Problems};

/// What a call on a session answers.
pub type Result<T> = std::result::Result<T, Error>;

/// The D-Bus error of a request's problems.
pub fn problems(problems: &Problems) -> Error {
    let text = problems.to_string();
    match problems.class() {
        ProblemClass::Invalid => Error::InvalidRequest(text),
        ProblemClass::UnknownKey => Error::UnknownKey(text),
        ProblemClass::LimitExceeded => Error::LimitExceeded(text),
        ProblemClass::Unsupported => Error::Unsupported(text),
        ProblemClass::LibraryUnavailable => Error::LibraryUnavailable(text),
        ProblemClass::ImageMissing => Error::ImageMissing(text),
    }
}

/// The D-Bus error of a failed call to systemd.
#[allow(clippy::needless_pass_by_value, reason = "the form of a map_err function")]
pub(crate) fn systemd_failed(error: crate::systemd::Error) -> Error {
    Error::SystemdFailed(error.to_string())
}
