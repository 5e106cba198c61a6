//! What a game has closed even for its owner.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What the owner needs to copy a file, and to look into a directory.
const FILE: u32 = 0o400;
const DIRECTORY: u32 = 0o500;
/// The bits that chmod(2) sets.
const MODE: u32 = 0o7777;

/// Entries of a tree that were opened up for their owner, with the modes that they had.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Paths below the top, every directory before what is in it.
    modes: Vec<(PathBuf, u32)>,
}

impl Opened {
    /// Lets the owner read everything in a tree. What is not the owner's stays as it is: whoever copies it says so.
    pub(super) fn up(top: &Path) -> Self {
        let mut opened = Self::default();
        let mut paths = vec![PathBuf::new()];
        while let Some(inside) = paths.pop() {
            let path = top.join(&inside);
            let Ok(meta) = path.symlink_metadata() else { continue };
            if !meta.is_dir() && !meta.is_file() {
                continue;
            }
            let (needed, mode) = (if meta.is_dir() { DIRECTORY } else { FILE }, meta.permissions().mode() & MODE);
            if mode & needed != needed && set(&path, mode | needed).is_ok() {
                opened.modes.push((inside.clone(), mode));
            }
            if meta.is_dir() {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                paths.extend(entries.map(|entry| inside.join(entry.file_name())));
            }
        }
        opened
    }

    /// Gives those of a tree, or of a copy of it, the modes that they had; what is missing there is left out.
    pub(super) fn back(&self, top: &Path) {
        for (inside, mode) in self.modes.iter().rev() {
            let path = top.join(inside);
            if path.symlink_metadata().is_ok()
                && let Err(error) = set(&path, *mode)
            {
                tracing::warn!(path = %path.display(), %error, "it stays open for its owner");
            }
        }
    }
}

fn set(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}
