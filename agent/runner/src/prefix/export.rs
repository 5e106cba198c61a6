//! A prefix as an archive.

use super::directory::is_there;
use super::error::{Error, Result};
use super::lock::Lock;
use super::store::{Prefix, Store};
use super::template::{profile_path, wine_prefix};
use crate::tree::{self, Source};
use dillinger_runner_core::plan::SAVES_DIRECTORIES;
use std::io::{self, Write};
use std::path::Path;

/// Of a directory of saves.
const PROFILE: &str = SAVES_DIRECTORIES[1];

/// A prefix that is about to be archived, and held until it is.
#[derive(Debug)]
pub struct Export {
    source: Source,
    _lock: Lock,
}

impl Store {
    /// Begins to archive a whole prefix as its programs see it: the Windows user's files are those of the saves that it
    /// was last used with, or of the game's directory in `saves`. Any Wine can use what is archived.
    ///
    /// # Errors
    /// There is none, a session uses it, or the template that it is a layer over has gone.
    pub fn export(&self, name: &str, saves: &Path) -> Result<Export> {
        let prefix = self.find(name)?;
        let lock = self.lock(&prefix, "ExportPrefix")?;
        let tool = prefix.record.tool;
        let inside = wine_prefix(Path::new(""), tool);
        let layers = self.layers_of(&prefix)?;
        // One that is something else would show what is below it, or nothing.
        layers.iter().try_for_each(|files| is_there(files, &inside).map(|_| ()))?;
        let layers = layers.into_iter().map(|files| wine_prefix(&files, tool)).collect();
        let profile = profile_path(tool);
        let profile = profile.strip_prefix(&inside).unwrap_or(&profile).to_owned();
        let saves = prefix.record.saves.clone().unwrap_or_else(|| saves.join(&prefix.name));
        let instead = Some((profile, saves.join(PROFILE)));
        let source = Source { layers, instead, ..Source::default() };
        Ok(Export { source, _lock: lock })
    }

    fn layers_of(&self, prefix: &Prefix) -> Result<Vec<std::path::PathBuf>> {
        if !prefix.record.layered {
            return Ok(vec![prefix.files()]);
        }
        let template = self.template(&prefix.record.template);
        let template = template.ok_or_else(|| Error::NoTemplate(prefix.record.template.clone()))?;
        Ok(vec![prefix.files(), template.files])
    }
}

impl Export {
    /// Writes the archive.
    ///
    /// # Errors
    /// The archive then has no end.
    pub fn write(self, out: impl Write) -> io::Result<()> {
        tree::write(out, &[self.source])
    }
}
