//! What was done to a prefix, in a file of that prefix: whatever happens to the prefix happens to it too.

use crate::whole;
use anyhow::Context;
use dillinger_runner_core::wine::RegistryValue;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Its name, in the prefix.
const FILE: &str = ".dillinger.json";

/// What a prefix has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// Version of the values that every prefix has.
    pub(super) base: u32,
    /// The Windows version, if it is not Wine's own.
    pub(super) windows_version: Option<String>,
    /// Size of the virtual desktop.
    pub(super) virtual_desktop: Option<String>,
    /// Registry values that were set.
    pub(super) registry: Vec<RegistryValue>,
    /// winetricks verbs that were applied.
    pub(super) verbs: Vec<String>,
}

impl Record {
    /// Reads it. One that cannot be read is of a prefix that has nothing: all is done again.
    pub(super) fn read(prefix: &Path) -> Self {
        let bytes = whole::read(&path(prefix)).ok().flatten();
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, prefix: &Path) -> anyhow::Result<()> {
        let path = path(prefix);
        whole::write(&path, &serde_json::to_vec(self)?).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn path(prefix: &Path) -> PathBuf {
    prefix.join(FILE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn comes_back_as_it_was() {
        let prefix = tempfile::tempdir().unwrap();
        assert_eq!(Record::read(prefix.path()), Record::default());
        let record = Record { base: 1, verbs: vec!["vcrun2022".to_owned()], ..Record::default() };
        record.write(prefix.path()).unwrap();
        assert_eq!(Record::read(prefix.path()), record);
        fs::write(path(prefix.path()), "{").unwrap();
        assert_eq!(Record::read(prefix.path()), Record::default());
    }
}
