//! A prefix from an archive.

use super::error::{Error, Result};
use super::record::{PrefixRecord, write};
use super::snapshot::exchange;
use super::store::{FULL, Prefix, RECORD, Store, own_part, put_away};
use super::template::wine_prefix;
use crate::clock::now_usec;
use crate::store::make_private;
use crate::tree::{self, Rules, UnpackError};
use dillinger_runner_core::plan::directory_name;
use dillinger_runner_core::problem::quoted;
use dillinger_runner_core::wine::Tool;
use std::io::Read;
use std::path::Path;

/// What every Wine prefix has.
const EXPECTED: [&str; 2] = ["drive_c", "system.reg"];
const RULES: Rules = Rules { tops: &[], marks: false };

impl Store {
    /// Makes the prefix of a game from an archive of a whole one. A prefix of that game that is there goes, with its
    /// snapshots, when all is well.
    ///
    /// # Errors
    /// The archive is none of a prefix, a session uses the prefix that is there, or the file system refuses; nothing has
    /// changed then.
    pub fn import(&self, game_id: &str, archive: impl Read) -> Result<Prefix> {
        let there = match self.find(game_id) {
            Ok(prefix) => Some(prefix),
            Err(Error::NoSuchPrefix(_)) => None,
            Err(error) => return Err(error),
        };
        let name = there.as_ref().map_or_else(|| directory_name(game_id), |prefix| prefix.name.clone());
        if !super::store::is_name(&name) {
            return Err(Error::Invalid(format!(
                "{} cannot be the name of a prefix, expected a shorter one",
                quoted(game_id)
            )));
        }
        let lock = there.as_ref().map(|prefix| self.lock(prefix, "ImportPrefix")).transpose()?;
        let making = own_part(&self.prefixes, &name)?;
        let tool = there.as_ref().map_or(Tool::Wine, |prefix| prefix.record.tool);
        let game_id = there.as_ref().map_or(game_id, |prefix| prefix.record.game_id.as_str()).to_owned();
        let record = PrefixRecord {
            game_id,
            tool,
            build: None,
            template: String::new(),
            layered: false,
            created_usec: now_usec(),
            last_used_usec: 0,
            verbs: Vec::new(),
            saves: None,
        };
        let imported = self.replace(record, there.as_ref(), &name, &making, archive);
        drop(lock);
        if imported.is_err() {
            let _ = tree::remove(&making);
        }
        imported
    }

    fn replace(
        &self,
        record: PrefixRecord,
        there: Option<&Prefix>,
        name: &str,
        making: &Path,
        archive: impl Read,
    ) -> Result<Prefix> {
        let files = wine_prefix(&making.join(FULL), record.tool);
        make_private(&files).map_err(Error::storage("making", &files))?;
        tree::unpack(archive, &files, RULES).map_err(unpack_failed)?;
        let missing = EXPECTED.iter().find(|name| files.join(name).symlink_metadata().is_err());
        if let Some(missing) = missing {
            let text = format!("the archive is none of a Wine prefix, expected {missing} at its top");
            return Err(Error::Invalid(text));
        }
        write(&making.join(RECORD), &record)?;
        let directory = self.prefixes.join(name);
        match there {
            Some(_) => {
                exchange(making, &directory)?;
                put_away(making, &self.prefixes)?;
            }
            None => std::fs::rename(making, &directory).map_err(Error::storage("making", &directory))?,
        }
        Ok(Prefix { name: name.to_owned(), directory, record })
    }
}

/// The error of an archive.
pub(crate) fn unpack_failed(error: UnpackError) -> Error {
    match error {
        UnpackError::Refused(_) | UnpackError::Truncated => Error::Invalid(error.to_string()),
        UnpackError::Io(error) => Error::Storage(format!("unpacking the archive: {error}")),
    }
}
