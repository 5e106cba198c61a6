//! The user's Podman: which images and volumes he has, and images made ready.
//!
//! Sessions themselves never come through here, systemd runs them. This talks to
//! Podman's REST socket, and starts that socket by its unit when it has to.

mod cache;
mod client;
mod error;
mod names;
mod once;
mod prepare;
mod progress;
mod pull;
mod socket;

pub use cache::PodmanCache;
pub use client::{ImageFact, Podman, PodmanInfo};
pub use error::PodmanError;
pub use once::{Mount, Once, OnceEnd};
pub use prepare::{JobState, JobStatus, Phase, PrepareImage, Task};

pub(crate) use once::failed_run;

#[cfg(test)]
pub(crate) mod tests;
