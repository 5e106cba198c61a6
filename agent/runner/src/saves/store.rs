//! The saves that the agent keeps.

use crate::prefix::{Error, Hold, Lock, Locks, Result, is_there, require};
use crate::store::make_private;
use crate::tree::{self, Measure, is_directory, measure};
use dillinger_runner_core::plan::{SAVES_DIRECTORIES, directory_name};
use std::path::{Path, PathBuf};

pub(super) const HOME: &str = SAVES_DIRECTORIES[0];
pub(super) const PROFILE: &str = SAVES_DIRECTORIES[1];
pub(super) const LIBRARY: &str = SAVES_DIRECTORIES[2];
pub(super) const WORK: &str = SAVES_DIRECTORIES[3];
/// What of saves is the player's.
pub(super) const PARTS: [&str; 3] = [HOME, PROFILE, LIBRARY];
/// The profile until it is whole.
const DRAFT: &str = ".profile.part";

/// Makes what a Windows session needs in its directory of saves, and fills the Windows user's files from this directory
/// if there are none yet. All of it is mounted, and none of it may be a link: a game that had these saves as its home, or
/// an archive, may have made one.
///
/// # Errors
/// [`Error::Invalid`] if something is there that is no directory of its own, or the file system refuses.
pub fn ensure(saves: &Path, profile: &Path) -> Result<()> {
    make_private(saves).map_err(Error::storage("making", saves))?;
    require(saves)?;
    for directory in [HOME, LIBRARY, WORK].map(|name| saves.join(name)) {
        if !is_there(&directory, Path::new(""))? {
            make_private(&directory).map_err(Error::storage("making", &directory))?;
        }
    }
    let own = saves.join(PROFILE);
    if is_there(&own, Path::new(""))? {
        return Ok(());
    }
    let making = saves.join(DRAFT);
    tree::remove(&making).map_err(Error::storage("removing", &making))?;
    if is_there(profile, Path::new(""))? {
        tree::copy(profile, &making).map_err(Error::storage("copying", profile))?;
    } else {
        make_private(&making).map_err(Error::storage("making", &making))?;
    }
    std::fs::rename(&making, &own).map_err(Error::storage("making", &own))
}

/// The directory of all saves. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct SavesStore {
    pub(super) root: PathBuf,
    pub(super) locks: Locks,
}

/// Saves of one game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavesEntry {
    /// Their name: the game's id as the name of one directory.
    pub name: String,
    /// Their directory.
    pub directory: PathBuf,
}

impl SavesEntry {
    /// How much there is.
    pub fn measure(&self) -> Measure {
        if !self.is_windows() {
            return measure(&self.directory);
        }
        let parts = PARTS.iter().map(|part| measure(&self.directory.join(part)));
        parts.fold(Measure::default(), Measure::and)
    }

    /// Whether a Windows session has made them.
    pub fn is_windows(&self) -> bool {
        // One of these alone may be in any home.
        [HOME, LIBRARY, WORK].iter().all(|name| is_directory(&self.directory.join(name)))
    }
}

impl SavesStore {
    /// Those below `<state>/saves`, with the locks of prefixes. Nothing is made yet.
    pub fn new(root: PathBuf, locks: Locks) -> Self {
        Self { root, locks }
    }

    /// Takes a directory of saves for a session: alone for a Windows session, whose layer over the library no other may
    /// use at the same time; shared for a native one.
    ///
    /// # Errors
    /// [`Error::Busy`], or it is not there.
    pub fn lock(&self, directory: &Path, hold: Hold, holder: &str) -> Result<Lock> {
        match self.locks.take(directory, hold, holder) {
            Err(Error::Busy { holder, .. }) => {
                Err(Error::Busy { what: format!("the directory of saves {}", directory.display()), holder })
            }
            taken => taken,
        }
    }

    /// All saves by name.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self) -> Result<Vec<SavesEntry>> {
        let mut names = crate::prefix::names(&self.root)?;
        names.retain(|name| crate::prefix::is_name(name) && is_directory(&self.root.join(name)));
        names.sort_unstable();
        Ok(names.into_iter().map(|name| self.entry(name)).collect())
    }

    /// The saves that a caller means, by their own name or by their game's id.
    ///
    /// # Errors
    /// There are none.
    pub fn find(&self, name: &str) -> Result<SavesEntry> {
        let of_game = directory_name(name);
        let mut candidates = [name, of_game.as_str()].into_iter();
        let found = candidates.find(|name| crate::prefix::is_name(name) && is_directory(&self.root.join(name)));
        found.map(|name| self.entry(name.to_owned())).ok_or_else(|| Error::NoSuchSaves(name.to_owned()))
    }

    /// Who uses them, if somebody does.
    pub fn holder(&self, entry: &SavesEntry) -> Option<String> {
        self.locks.holder(&entry.directory)
    }

    /// Removes what was left half done when the agent ended. To be called before anything is made.
    ///
    /// # Errors
    /// The first; the rest is removed all the same.
    pub fn sweep(&self) -> Result<()> {
        let mut first = crate::prefix::sweep(&self.root);
        // Saves of a native game are its home, where every name is its own.
        for entry in self.list()?.into_iter().filter(SavesEntry::is_windows) {
            let draft = entry.directory.join(DRAFT);
            first = first.and(tree::remove(&draft).map_err(Error::storage("removing", &draft)));
        }
        first
    }

    fn entry(&self, name: String) -> SavesEntry {
        SavesEntry { directory: self.root.join(&name), name }
    }
}
