//! Answers of the agent as types. Keys that are absent or have an unexpected type are `None` or
//! the default, so a newer or odd agent cannot make a client fail.

mod convert;
mod metrics;
mod prefixes;
mod records;
mod viewer;

pub use convert::{Field, json};
pub use metrics::Metrics;
pub use prefixes::{Prefix, PrefixSnapshot, SavesRecord};
pub use records::{Capabilities, EndedRecord, Finding, LogLine};
pub use viewer::Viewer;
