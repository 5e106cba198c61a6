//! The unit files of sessions: made in a session's private directory, then
//! moved to where systemd finds them.

use super::{Generator, STARTED, absent_is_fine, make_private, write_whole};
use crate::paths::Paths;
use crate::tree;
use dillinger_runner_core::id::{Role, SessionId};
use dillinger_runner_core::render::UnitText;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Why unit files could not be put in place.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The file system refused.
    #[error("writing the session's files: {0}")]
    Io(#[from] io::Error),
    /// Podman's generator refused.
    #[error(transparent)]
    Generator(#[from] super::GeneratorError),
}

/// Puts unit files in place and takes them away.
#[derive(Debug, Clone)]
pub struct UnitFiles {
    paths: Paths,
}

impl UnitFiles {
    /// For these paths.
    pub fn new(paths: Paths) -> Self {
        Self { paths }
    }

    /// Makes the session's directory and unit files, and moves these to where
    /// systemd finds them without a reload: the slice first, since the
    /// services name it.
    ///
    /// # Errors
    /// Nothing stays behind but the session's directory.
    pub async fn install(
        &self,
        id: SessionId,
        files: &[UnitText],
        services: &[String],
        generator: &Generator,
    ) -> Result<(), InstallError> {
        let session = self.paths.session(id);
        let (quadlets, output) = (session.join("quadlet"), session.join("units"));
        for directory in [&quadlets, &output, &self.paths.units(), &self.paths.quadlets()] {
            make_private(directory)?;
        }
        for file in files {
            let directory = if file.is_quadlet() { &quadlets } else { &output };
            write_whole(&directory.join(&file.name), file.text.as_bytes())?;
        }
        generator.generate(&quadlets, &output, services).await?;
        let native = files.iter().filter(|file| !file.is_quadlet()).map(|file| &file.name);
        for name in native.chain(services) {
            std::fs::rename(output.join(name), self.paths.units().join(name))?;
        }
        for file in files.iter().filter(|file| file.is_quadlet()) {
            let link = self.paths.quadlets().join(&file.name);
            absent_is_fine(std::fs::remove_file(&link))?;
            std::os::unix::fs::symlink(quadlets.join(&file.name), link)?;
        }
        Ok(())
    }

    /// Makes systemd look at the directory again although its time stamp may
    /// be too coarse to tell (kernels before 6.13 on tmpfs).
    pub fn touch(&self) -> io::Result<()> {
        let mark = self.paths.units().join(format!(".dillinger-{}", std::process::id()));
        std::fs::write(&mark, "")?;
        std::fs::remove_file(&mark)
    }

    /// Removes every file of a session but its records. Goes on after a failure and
    /// returns the first.
    pub fn remove(&self, id: SessionId) -> io::Result<()> {
        let mut first = Ok(());
        for directory in [self.paths.units(), self.paths.quadlets(), self.paths.control()] {
            for entry in of_sessions(&directory).into_iter().filter(|(_, owner)| *owner == id) {
                first = first.and(remove_any(&entry.0));
            }
        }
        for role in Role::ALL {
            first = first.and(absent_is_fine(std::fs::remove_file(self.container_id_file(id, role))));
        }
        // What a game or a part of a display has written to may be closed against its owner.
        first = first.and(tree::remove(&self.paths.windows(id)));
        first.and(tree::remove(&self.paths.session(id)))
    }

    /// Notes that systemd has taken the session's start job, before the caller
    /// hears of it.
    pub fn note_start(&self, id: SessionId) -> io::Result<()> {
        std::fs::write(self.paths.session(id).join(STARTED), "")
    }

    /// Whether [`Self::note_start`] was called for a session that has files.
    pub fn was_started(&self, id: SessionId) -> bool {
        self.paths.session(id).join(STARTED).exists()
    }

    /// Where Podman writes which container is that of a part of the session, as
    /// long as there is one (`%t/%N.cid` of the generated unit).
    pub fn container_id_file(&self, id: SessionId, role: Role) -> PathBuf {
        self.paths.runtime.join(format!("{}.cid", id.container(role)))
    }

    /// Whether the session's private directory is there.
    pub fn has_directory(&self, id: SessionId) -> bool {
        self.paths.session(id).is_dir()
    }

    /// Every session with a file or directory besides its records.
    pub fn present(&self) -> BTreeSet<SessionId> {
        let directories = [self.paths.units(), self.paths.quadlets(), self.paths.control()];
        let of_units = directories.iter().flat_map(|directory| of_sessions(directory)).map(|(_, id)| id);
        let own = entries(&self.paths.sessions()).into_iter().chain(entries(&self.paths.all_windows()));
        of_units.chain(own.filter_map(|path| name_of(&path)?.parse().ok())).collect()
    }
}

fn of_sessions(directory: &Path) -> Vec<(PathBuf, SessionId)> {
    let entries = entries(directory).into_iter();
    entries.filter_map(|path| SessionId::of_unit(&name_of(&path)?).map(|id| (path, id))).collect()
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten();
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn name_of(path: &Path) -> Option<String> {
    path.file_name()?.to_str().map(str::to_owned)
}

fn remove_any(path: &Path) -> io::Result<()> {
    let is_directory = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
    absent_is_fine(if is_directory { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) })
}
