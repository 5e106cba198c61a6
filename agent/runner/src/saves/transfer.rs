//! Saves as archives.

use super::store::{HOME, PARTS, SavesEntry, SavesStore};
use crate::prefix::{Error, Hold, Lock, Result};
use crate::store::make_private;
use crate::tree::{self, Rules, Source};
use dillinger_runner_core::plan::directory_name;
use dillinger_runner_core::problem::quoted;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// What an archive of saves may hold.
const RULES: Rules = Rules { tops: &PARTS, marks: true };

/// Saves that are about to be archived, and held until they are.
#[derive(Debug)]
pub struct Export {
    sources: Vec<Source>,
    _lock: Lock,
}

impl Export {
    /// Writes the archive.
    ///
    /// # Errors
    /// The archive then has no end.
    pub fn write(self, out: impl Write) -> io::Result<()> {
        tree::write(out, &self.sources)
    }
}

impl SavesStore {
    /// Begins to archive saves: `home`, `profile` and `library`. Of a native game, whose saves are its home, there is
    /// `home` alone.
    ///
    /// # Errors
    /// There are none, or a session uses them.
    pub fn export(&self, name: &str) -> Result<Export> {
        let entry = self.find(name)?;
        let lock = self.lock(&entry.directory, Hold::Alone, "ExportSaves")?;
        let source = |name: &str, directory: PathBuf| Source {
            name: PathBuf::from(name),
            layers: vec![directory],
            marks: true,
            instead: None,
        };
        let sources = if entry.is_windows() {
            PARTS.map(|part| source(part, entry.directory.join(part))).into()
        } else {
            vec![source(HOME, entry.directory.clone())]
        };
        Ok(Export { sources, _lock: lock })
    }

    /// Makes the saves of a game those of an archive. What was there goes when all is well.
    ///
    /// # Errors
    /// The archive holds something else, a session uses what is there, or the file system refuses; nothing has changed
    /// then.
    pub fn import(&self, game_id: &str, archive: impl Read) -> Result<SavesEntry> {
        let there = self.find(game_id).ok();
        let name = there.as_ref().map_or_else(|| directory_name(game_id), |entry| entry.name.clone());
        if !crate::prefix::is_name(&name) {
            return Err(Error::Invalid(format!(
                "{} cannot be the name of saves, expected a shorter one",
                quoted(game_id)
            )));
        }
        let held = there.as_ref().map(|entry| self.lock(&entry.directory, Hold::Alone, "ImportSaves")).transpose()?;
        let making = crate::prefix::own_part(&self.root, &name)?;
        let imported = self.replace(there.as_ref(), &name, &making, archive);
        drop(held);
        // The new ones if it failed, else the old ones.
        let removed = crate::prefix::put_away(&making, &self.root);
        imported.and_then(|entry| removed.map(|()| entry))
    }

    fn replace(&self, there: Option<&SavesEntry>, name: &str, making: &Path, archive: impl Read) -> Result<SavesEntry> {
        tree::unpack(archive, making, RULES).map_err(crate::prefix::unpack_failed)?;
        let directory = self.root.join(name);
        // A native game's saves are its home, and nothing else was in its archive.
        let native = there.map_or_else(|| only_home(making), |entry| !entry.is_windows());
        let new = if native && only_home(making) {
            making.join(HOME)
        } else {
            complete(making)?;
            making.to_owned()
        };
        match there {
            Some(_) => crate::prefix::exchange(&new, &directory)?,
            None => std::fs::rename(&new, &directory).map_err(Error::storage("making", &directory))?,
        }
        Ok(SavesEntry { name: name.to_owned(), directory })
    }
}

/// Makes what every directory of saves of a Windows session has.
fn complete(making: &Path) -> Result<()> {
    for part in PARTS.iter().chain([&super::store::WORK]) {
        let directory = making.join(part);
        make_private(&directory).map_err(Error::storage("making", &directory))?;
    }
    Ok(())
}

fn only_home(directory: &Path) -> bool {
    let names = crate::prefix::names(directory).unwrap_or_default();
    names == [HOME]
}
