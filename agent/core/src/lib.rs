//! The pure part of Dillinger Runner: what a session request means, which
//! units it becomes, and how a session lives and ends.
//!
//! Nothing here reads a file, a clock, the environment or a bus. Each arrow of
//!
//! ```text
//! RawRequest -> SessionSpec -> SessionPlan -> unit files
//! systemd's facts -> State, Ending
//! ```
//!
//! is one function, so that each can be tested by itself.

pub mod host;
pub mod id;
pub mod lifecycle;
pub mod limits;
pub mod message_id;
pub mod metrics;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod record;
pub mod render;
pub mod request;
pub mod sandbox;
pub mod spec;
pub mod unitfile;
pub mod value;
pub mod wine;
