//! What the agent writes down: records of sessions, and their unit files.

mod generator;
mod records;
mod units;

pub use generator::{Generator, GeneratorError};
pub use records::{EndRecord, Records};
pub use units::{InstallError, UnitFiles};

use crate::clock::now_usec;
use dillinger_runner_core::id::Role;
use dillinger_runner_core::outcome::Stopping;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Writes a file so that a reader sees all of it or nothing.
pub(crate) fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(text)?;
    drop(file);
    std::fs::rename(&temporary, path)
}

/// Makes a directory, and those above it, for this user alone.
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removing what is not there is no error.
pub(crate) fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The file in a session's private directory that says how a part of it came to
/// be stopped while it ran: `$SERVICE_RESULT` at that moment, and its realtime in
/// µs.
fn stopping_file(session: &Path, role: Role) -> PathBuf {
    match role.word() {
        None => session.join("stopping"),
        Some(word) => session.join(format!("{word}-stopping")),
    }
}

/// Name of the file in a session's private directory that says that systemd
/// took its start job.
pub(crate) const STARTED: &str = "started";

/// Reads the mark of a stop from a session's private directory.
pub fn read_stopping(session: &Path, role: Role) -> Option<Stopping> {
    let text = std::fs::read_to_string(stopping_file(session, role)).ok()?;
    let (result, usec) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    Some(Stopping { result: result.to_owned(), usec: usec.parse().ok() })
}

/// Marks that a part of a session is stopped now, with this result.
pub fn write_stopping(session: &Path, role: Role, result: &str) -> io::Result<()> {
    write_whole(&stopping_file(session, role), format!("{result} {}", now_usec()).as_bytes())
}

/// Takes the mark away: nobody stops it.
pub(crate) fn remove_stopping(session: &Path, role: Role) -> io::Result<()> {
    absent_is_fine(std::fs::remove_file(stopping_file(session, role)))
}
