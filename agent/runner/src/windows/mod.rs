//! Windows games on this host: what they find here, and what is made for them.
//!
//! ```text
//! request -> facts (looks only) -> plan -> prepare (locks and makes) -> launch.json -> … -> report.json -> settle
//! ```

mod facts;
mod layers;
mod prepare;
mod program;

pub use facts::{Sources, facts};
pub use prepare::{Prepared, prepare, relock, settle};

pub(crate) use prepare::AUTOMATIC_SNAPSHOTS;

use dillinger_runner_core::plan::WINE_DIRECTORY;
use dillinger_runner_core::wine::{REPORT_FILE, REPORT_MAX, Report};
use std::io::Read;
use std::path::Path;

/// What the supervisor of a Windows game reported into its session's private
/// directory. Whatever the game has made of the file is no report.
pub fn report(session: &Path) -> Option<Report> {
    let file = std::fs::File::open(session.join(WINE_DIRECTORY).join(REPORT_FILE)).ok()?;
    let mut text = Vec::new();
    file.take(REPORT_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}
