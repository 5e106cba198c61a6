//! What of this host helps or hinders sessions, and what mends it.
//!
//! Every probe is a `read` of facts below a root and a pure `judge` of these.
//! A probe that fails or hangs gives a finding of status `unknown`, never an
//! error of the whole.

mod cgroup;
mod finding;
mod gamepads;
mod ids;
mod journal;
mod podman;
mod run;
mod runtime_dir;
mod services;
mod storage;
mod user;

pub use cgroup::{delegated_controllers, is_unified, pressure_available};
pub use finding::{Finding, Status, Subject};
pub use journal::logs_readable;
pub use podman::{FoundGenerator, GeneratorProbe, refusal};
pub use run::Diagnosis;
pub use user::User;
