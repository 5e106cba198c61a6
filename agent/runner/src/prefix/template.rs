//! Templates: what a Wine or Proton build makes of an empty directory, kept so that a game's prefix need not be made anew.

use super::directory::is_there;
use super::error::Result;
use super::record::{TemplateRecord, read};
use super::store::{Store, is_name, names, put_away};
use dillinger_runner_core::plan::directory_name;
use dillinger_runner_core::wine::{PROTON_USER, Tool, WINDOWS_USER};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) const RECORD: &str = "template.json";
pub(crate) const PREFIX: &str = "prefix";
/// Digits of an image's id in a key: as many as Podman shows.
const ID_DIGITS: usize = 12;
/// Below the data directory of a Proton build, which has its Wine prefix there (`STEAM_COMPAT_DATA_PATH`).
const PROTON_PREFIX: &str = "pfx";

/// Key of the template of an image, and of a build of the host by its name.
pub fn template_key(image_id: &str, build: Option<&str>) -> String {
    let id = image_id.get(..ID_DIGITS).unwrap_or(image_id);
    match build {
        Some(build) => format!("{id}-{}", directory_name(build)),
        None => id.to_owned(),
    }
}

/// A template that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its key.
    pub key: String,
    /// Its files: `/prefix` of a container.
    pub files: PathBuf,
    /// What is written down of it.
    pub record: TemplateRecord,
}

impl Template {
    pub(super) fn read(templates: &Path, key: &str) -> Option<Self> {
        let directory = templates.join(key);
        if !is_name(key) || !directory.join(RECORD).exists() {
            return None;
        }
        match read(&directory.join(RECORD)) {
            Ok(record) => Some(Self { key: key.to_owned(), files: directory.join(PREFIX), record }),
            Err(error) => {
                tracing::warn!(template = key, %error, "a template cannot be read");
                None
            }
        }
    }

    /// The directory of the Windows user in it, whether it is there or not.
    ///
    /// # Errors
    /// Something else, such as a link, is in its place or on the way to it.
    pub fn profile(&self) -> Result<PathBuf> {
        let inside = profile_path(self.record.tool);
        is_there(&self.files, &inside)?;
        Ok(self.files.join(inside))
    }
}

/// Where the Wine prefix is below what is `/prefix` in a container.
pub fn wine_prefix(files: &Path, tool: Tool) -> PathBuf {
    match tool {
        Tool::Wine => files.to_owned(),
        Tool::Proton => files.join(PROTON_PREFIX),
    }
}

/// The directory of the Windows user, below what is `/prefix` in a container.
pub fn profile_path(tool: Tool) -> PathBuf {
    let user = match tool {
        Tool::Wine => WINDOWS_USER,
        Tool::Proton => PROTON_USER,
    };
    wine_prefix(Path::new(""), tool).join("drive_c/users").join(user)
}

impl Store {
    /// All templates.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn templates(&self) -> Result<Vec<Template>> {
        let names = names(&self.templates)?;
        Ok(names.iter().filter_map(|key| self.template(key)).collect())
    }

    /// Removes templates that nothing needs: their image has gone, and no prefix is a layer over them or was at one of
    /// its snapshots. Returns their keys.
    ///
    /// # Errors
    /// The directories cannot be read, or a template not be removed.
    pub fn remove_unused_templates(&self, image_is_there: impl Fn(&str) -> bool) -> Result<Vec<String>> {
        let mut used = BTreeSet::new();
        for prefix in self.list()? {
            used.extend(self.snapshots(&prefix)?.into_iter().map(|snapshot| snapshot.record.prefix.template));
            used.insert(prefix.record.template);
        }
        let mut removed = Vec::new();
        for template in self.templates()? {
            if used.contains(&template.key) || image_is_there(&template.record.image_id) {
                continue;
            }
            let directory = self.templates.join(&template.key);
            put_away(&directory, &self.templates)?;
            removed.push(template.key);
        }
        Ok(removed)
    }
}
