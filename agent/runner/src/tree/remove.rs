//! Removing trees.

use crate::store::absent_is_fine;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Removes a tree, or a single file. What is not there is removed already. A directory that denies its owner access, such
/// as the `work/work` that overlayfs makes with mode 000, is opened first.
///
/// # Errors
/// The first; some of the tree may be gone then.
pub fn remove(path: &Path) -> io::Result<()> {
    let meta = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        meta => meta?,
    };
    if !meta.is_dir() {
        return absent_is_fine(fs::remove_file(path));
    }
    match absent_is_fine(fs::remove_dir_all(path)) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(path)?;
            absent_is_fine(fs::remove_dir_all(path))
        }
        removed => removed,
    }
}

/// Lets the owner into every directory of a tree. An empty one is removed at once: overlayfs's `work/work` belongs to the
/// container's root, whom nobody here may act for.
fn open_up(directory: &Path) -> io::Result<()> {
    if fs::remove_dir(directory).is_ok() {
        return Ok(());
    }
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            open_up(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_directories_and_links_go() {
        let place = tempfile::tempdir().unwrap();
        let tree = place.path().join("work");
        fs::create_dir_all(tree.join("work/deep")).unwrap();
        fs::write(tree.join("work/deep/file"), "").unwrap();
        let kept = place.path().join("kept");
        fs::create_dir(&kept).unwrap();
        std::os::unix::fs::symlink(&kept, tree.join("link")).unwrap();
        fs::set_permissions(tree.join("work/deep"), Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(tree.join("work"), Permissions::from_mode(0o000)).unwrap();
        remove(&tree).unwrap();
        assert!(!tree.exists() && kept.is_dir());
        remove(&tree).unwrap();
    }
}
