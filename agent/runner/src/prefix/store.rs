//! All prefixes of the user.

use super::error::{Error, Result};
use super::lock::{Hold, Lock, Locks};
use super::record::{PrefixRecord, read, write};
use super::template::Template;
use crate::clock::now_usec;
use crate::store::make_private;
use crate::tree;
use dillinger_runner_core::plan::directory_name;
use std::path::{Path, PathBuf};

pub(super) const RECORD: &str = "prefix.json";
pub(crate) const UPPER: &str = "upper";
pub(crate) const WORK: &str = "work";
pub(crate) const FULL: &str = "prefix";
pub(super) const SNAPSHOTS: &str = "snapshots";

/// The directories of prefixes and templates. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) templates: PathBuf,
    pub(super) prefixes: PathBuf,
    pub(super) locks: Locks,
}

/// A prefix that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// Its name: the game's id as the name of one directory.
    pub name: String,
    /// Its directory.
    pub directory: PathBuf,
    /// What is written down of it.
    pub record: PrefixRecord,
}

impl Prefix {
    /// Where its files are: the layer over its template, or all of them.
    pub fn files(&self) -> PathBuf {
        self.directory.join(self.part())
    }

    /// Writes its record down.
    pub(super) fn save(&self) -> Result<()> {
        write(&self.directory.join(RECORD), &self.record)
    }

    /// Name of that directory in this prefix and in its snapshots.
    pub(super) fn part(&self) -> &'static str {
        if self.record.layered { UPPER } else { FULL }
    }
}

impl Store {
    /// Those below a state directory, whose locks are these. Nothing is made yet.
    pub fn new(state: &Path, locks: Locks) -> Self {
        Self { templates: state.join("templates"), prefixes: state.join("prefixes"), locks }
    }

    /// The locks, for other directories of the same sessions.
    pub fn locks(&self) -> &Locks {
        &self.locks
    }

    /// The directory of the prefix of this name, whether it is there or not.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.prefixes.join(name)
    }

    /// The template with this key, if it was made.
    pub fn template(&self, key: &str) -> Option<Template> {
        Template::read(&self.templates, key)
    }

    /// All prefixes by name. One that cannot be read is left out with a warning.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self) -> Result<Vec<Prefix>> {
        let names = names(&self.prefixes)?.into_iter().filter(|name| is_name(name));
        let read = names.filter_map(|name| match self.read(&name) {
            Ok(prefix) => prefix,
            Err(error) => {
                tracing::warn!(prefix = name, %error, "a prefix cannot be read");
                None
            }
        });
        let mut all: Vec<Prefix> = read.collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The prefix that a caller of the bus means, by its own name or by its game's id. What is done for a session goes by
    /// the id alone, see [`Store::of_game`]: an id may read as the name of another game's prefix.
    ///
    /// # Errors
    /// There is none, or its record cannot be read.
    pub fn find(&self, name: &str) -> Result<Prefix> {
        let of_game = directory_name(name);
        let candidates = [name, of_game.as_str()].into_iter().filter(|name| is_name(name));
        for name in candidates {
            if let Some(prefix) = self.read(name)? {
                return Ok(prefix);
            }
        }
        Err(Error::NoSuchPrefix(name.to_owned()))
    }

    /// Takes a prefix that is there, as a session that lives already does after a restart of the agent.
    ///
    /// # Errors
    /// There is none, or somebody uses it.
    pub fn lock_managed(&self, game_id: &str, holder: &str) -> Result<Lock> {
        self.lock(&self.expect_of_game(game_id)?, holder)
    }

    /// Takes a prefix that is a directory of the caller's own.
    ///
    /// # Errors
    /// It is no prefix, or somebody uses it.
    pub fn lock_plain(&self, path: &Path, holder: &str) -> Result<Lock> {
        // That of Proton is one level deeper.
        if !["drive_c", "pfx/drive_c"].iter().any(|inside| path.join(inside).is_dir()) {
            let text = format!("{} is no Wine prefix, expected a directory that holds drive_c", path.display());
            return Err(Error::Invalid(text));
        }
        self.locks.take(path, Hold::Alone, holder)
    }

    /// Who uses a prefix, if somebody does.
    pub fn holder(&self, prefix: &Prefix) -> Option<String> {
        self.locks.holder(&prefix.directory)
    }

    /// Writes down that a session has used the prefix of a game, which is now up to this template and has these verbs, with
    /// this directory of saves.
    ///
    /// # Errors
    /// There is no such prefix, or it cannot be written.
    pub fn note_used(&self, game_id: &str, template: &str, verbs: &[String], saves: Option<&Path>) -> Result<()> {
        let mut prefix = self.expect_of_game(game_id)?;
        prefix.record.last_used_usec = now_usec();
        prefix.record.saves = saves.map(Path::to_owned);
        template.clone_into(&mut prefix.record.template);
        prefix.record.build = self.template(template).map_or(prefix.record.build, |template| template.record.build);
        for verb in verbs {
            if !prefix.record.verbs.contains(verb) {
                prefix.record.verbs.push(verb.clone());
            }
        }
        prefix.save()
    }

    /// Removes a prefix with its snapshots.
    ///
    /// # Errors
    /// There is none, somebody uses it, or not all of it can be removed.
    pub fn remove(&self, name: &str) -> Result<Prefix> {
        let prefix = self.find(name)?;
        let lock = self.lock(&prefix, "RemovePrefix")?;
        put_away(&prefix.directory, &self.prefixes)?;
        drop(lock);
        Ok(prefix)
    }

    pub(super) fn lock(&self, prefix: &Prefix, holder: &str) -> Result<Lock> {
        match self.locks.take(&prefix.directory, Hold::Alone, holder) {
            Err(Error::Busy { holder, .. }) => Err(Error::Busy { what: format!("prefix {}", prefix.name), holder }),
            taken => taken,
        }
    }

    /// The prefix of a game, if it was made; nothing is changed.
    ///
    /// # Errors
    /// Its record cannot be read.
    pub fn of_game(&self, game_id: &str) -> Result<Option<Prefix>> {
        self.read(&directory_name(game_id))
    }

    fn expect_of_game(&self, game_id: &str) -> Result<Prefix> {
        self.of_game(game_id)?.ok_or_else(|| Error::NoSuchPrefix(game_id.to_owned()))
    }

    /// The prefix of this very name, if it is there.
    pub(super) fn read(&self, name: &str) -> Result<Option<Prefix>> {
        let directory = self.prefixes.join(name);
        if !directory.join(RECORD).exists() {
            return Ok(None);
        }
        let record = read(&directory.join(RECORD))?;
        Ok(Some(Prefix { name: name.to_owned(), directory, record }))
    }
}

/// A name for what is not yet, or no longer, `name` in this directory.
pub(super) fn part(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!(".{name}.part"))
}

/// Takes something away: it gets a name in the directory `into` under which nobody finds it, and is removed. What of it
/// cannot be removed at once, as what overlayfs has left in the name of a container's root, is tried again by the next start
/// of the agent.
pub(crate) fn put_away(path: &Path, into: &Path) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = part(into, &unique(name.trim_start_matches('.')));
    match std::fs::rename(path, &aside) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        renamed => renamed.map_err(Error::storage("removing", path))?,
    }
    if let Err(error) = tree::remove(&aside) {
        tracing::warn!(path = %aside.display(), %error, "something that was removed stays behind");
    }
    Ok(())
}

/// Makes an empty place for what is to become `name`, away with what an earlier attempt has left there.
pub(super) fn fresh_part(directory: &Path, name: &str) -> Result<PathBuf> {
    let place = part(directory, name);
    put_away(&place, directory)?;
    make_private(&place).map_err(Error::storage("making", &place))?;
    Ok(place)
}

/// The same where others may make something of that name at the same time.
pub(crate) fn own_part(directory: &Path, name: &str) -> Result<PathBuf> {
    fresh_part(directory, &unique(name))
}

/// A name that nothing else has, and that is not too long for a file even if `name` nearly is.
fn unique(name: &str) -> String {
    let beginning: String = name.chars().take(200).collect();
    format!("{beginning}.{}", now_usec())
}

/// Whether a text can be the name of a directory here; see [`directory_name`].
pub(crate) fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.%".contains(&byte);
    !text.is_empty() && text.len() <= 255 && !text.starts_with('.') && text.bytes().all(plain)
}

/// Names of what is in a directory; nothing if there is none.
pub(crate) fn names(directory: &Path) -> Result<Vec<String>> {
    match std::fs::read_dir(directory) {
        Ok(entries) => Ok(entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::storage("reading", directory)(error)),
    }
}
