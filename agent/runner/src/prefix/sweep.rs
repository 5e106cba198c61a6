//! What an agent that was killed has left half done.

use super::error::{Error, Result};
use super::store::{SNAPSHOTS, Store, names};
use crate::tree;
use std::path::Path;

impl Store {
    /// Removes everything that was being made or removed when the agent ended. To be called before anything is made.
    ///
    /// # Errors
    /// The first; the rest is removed all the same.
    pub fn sweep(&self) -> Result<()> {
        let mut first = sweep(&self.templates).and(sweep(&self.prefixes));
        for name in names(&self.prefixes)?.iter().filter(|name| super::store::is_name(name)) {
            first = first.and(sweep(&self.prefixes.join(name).join(SNAPSHOTS)));
        }
        first
    }
}

/// Whether this is the name of what is not yet, or no longer, something.
fn is_part(name: &str) -> bool {
    name.strip_prefix('.').is_some_and(|rest| rest.strip_suffix(".part").is_some())
}

/// Removes the parts in a directory.
pub(crate) fn sweep(directory: &Path) -> Result<()> {
    let mut first = Ok(());
    for name in names(directory)? {
        if is_part(&name) {
            let path = directory.join(&name);
            tracing::info!(path = %path.display(), "removing what was left half done");
            first = first.and(tree::remove(&path).map_err(Error::storage("removing", &path)));
        }
    }
    first
}
