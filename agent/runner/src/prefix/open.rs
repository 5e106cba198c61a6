//! A prefix for a session: found, or made from its template.

use super::directory::{is_there, require};
use super::error::{Error, Result};
use super::lock::Lock;
use super::record::{Layering, PrefixRecord, write};
use super::snapshot::Cause;
use super::store::{FULL, Prefix, RECORD, Store, UPPER, WORK, own_part, put_away};
use super::template::{Template, profile_path};
use crate::clock::now_usec;
use crate::store::make_private;
use crate::tree;
use dillinger_runner_core::plan::directory_name;
use dillinger_runner_core::wine::Tool;
use std::path::{Path, PathBuf};

/// What is mounted at `/prefix`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layers {
    /// An overlay of these directories.
    Overlay {
        /// The template's files.
        lower: PathBuf,
        /// What the game has changed.
        upper: PathBuf,
        /// overlayfs's own, on the same file system.
        work: PathBuf,
    },
    /// This directory.
    Full(PathBuf),
}

/// A prefix that is ready for a session, and held for it.
#[derive(Debug)]
pub struct Opened {
    /// The prefix.
    pub prefix: Prefix,
    /// Its files.
    pub layers: Layers,
    /// Whether it was last used with another template, and is to be brought up to this one.
    pub migrate: bool,
    /// The directory from which the player's own copy of the Windows user's files is filled for the first time.
    pub profile: PathBuf,
    /// Held as long as the session lives.
    pub lock: Lock,
}

impl Store {
    /// Opens the prefix of a game for a session with this template, and makes it if there is none. A prefix that is
    /// to be migrated gets an automatic snapshot first, of which the newest `keep` are kept, unless it has one from a
    /// migration that has failed since.
    ///
    /// # Errors
    /// [`Error::Busy`] if a session uses it; it was made by the other tool; or the file system refuses.
    pub fn open_managed(&self, game_id: &str, template: &Template, keep: usize, holder: &str) -> Result<Opened> {
        let name = directory_name(game_id);
        let mut prefix = match self.read(&name)? {
            Some(prefix) => prefix,
            None => self.create(&name, game_id, template)?,
        };
        let lock = self.lock(&prefix, holder)?;
        // It may have changed until it was locked.
        prefix.record = self.read(&name)?.ok_or_else(|| Error::NoSuchPrefix(name.clone()))?.record;
        check_tool(&prefix, template.record.tool)?;
        let layers = layers(&prefix, template)?;
        let migrate = prefix.record.template != template.key;
        // An imported prefix has nothing to go back to.
        if migrate && !prefix.record.template.is_empty() && !self.has_way_back(&prefix)? {
            self.take_snapshot(&prefix, &Cause::Migration, keep)?;
        }
        Ok(Opened { profile: profile(&prefix, template)?, layers, prefix, migrate, lock })
    }

    fn create(&self, name: &str, game_id: &str, template: &Template) -> Result<Prefix> {
        let making = own_part(&self.prefixes, name)?;
        let directory = self.prefixes.join(name);
        let record = match fill(&making, game_id, template) {
            Ok(record) => record,
            Err(error) => {
                // A full disk is no place for half a copy.
                put_away(&making, &self.prefixes)?;
                return Err(error);
            }
        };
        if let Err(error) = std::fs::rename(&making, &directory) {
            put_away(&making, &self.prefixes)?;
            // Somebody else was quicker, and who may have it is decided by its lock.
            return self.read(name)?.ok_or_else(|| Error::storage("making", &directory)(error));
        }
        Ok(Prefix { name: name.to_owned(), directory, record })
    }
}

/// Makes all that a new prefix has.
fn fill(making: &Path, game_id: &str, template: &Template) -> Result<PrefixRecord> {
    let layered = template.record.layering == Layering::Overlay;
    if layered {
        let upper = making.join(UPPER);
        make_private(&upper).map_err(Error::storage("making", &upper))?;
    } else {
        tree::copy(&template.files, &making.join(FULL)).map_err(Error::storage("copying", &template.files))?;
    }
    let record = PrefixRecord {
        game_id: game_id.to_owned(),
        tool: template.record.tool,
        build: template.record.build.clone(),
        template: template.key.clone(),
        layered,
        created_usec: now_usec(),
        last_used_usec: 0,
        verbs: Vec::new(),
        saves: None,
    };
    write(&making.join(RECORD), &record)?;
    Ok(record)
}

fn check_tool(prefix: &Prefix, tool: Tool) -> Result<()> {
    let word = |tool: Tool| match tool {
        Tool::Wine => "wine",
        Tool::Proton => "proton",
    };
    let made = prefix.record.tool;
    if made == tool {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "prefix {} was made by {}, which {} cannot use: expected Runner={}, another GameId, or RemovePrefix first",
        prefix.name,
        word(made),
        word(tool),
        word(made),
    )))
}

/// What the player's own copy is filled from.
fn profile(prefix: &Prefix, template: &Template) -> Result<PathBuf> {
    let inside = profile_path(template.record.tool);
    if !prefix.record.layered && is_there(&prefix.files(), &inside)? {
        return Ok(prefix.files().join(inside));
    }
    template.profile()
}

fn layers(prefix: &Prefix, template: &Template) -> Result<Layers> {
    require(&prefix.files())?;
    if !prefix.record.layered {
        return Ok(Layers::Full(prefix.files()));
    }
    let work = prefix.directory.join(WORK);
    if !is_there(&work, Path::new(""))? {
        make_private(&work).map_err(Error::storage("making", &work))?;
    }
    Ok(Layers::Overlay { lower: template.files.clone(), upper: prefix.files(), work })
}
