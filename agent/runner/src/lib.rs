//! The agent: adapters between D-Bus callers, systemd, Podman and the pure
//! logic of `dillinger-runner-core`.

pub mod agent;
pub mod builds;
pub mod bus;
pub mod cgroup;
pub mod clock;
pub mod config;
pub mod diagnose;
pub mod display;
pub mod gamepad;
pub mod host;
pub mod journal;
pub mod lend;
pub mod notify;
pub mod paths;
pub mod podman;
pub mod prefix;
pub mod recorder;
pub mod saves;
pub mod session;
pub mod settings;
pub mod store;
pub mod stream;
pub mod systemd;
pub mod tree;
pub mod windows;
