//! Removing trees.

use crate::store::absent_is_fine;
use std::fs::{self, DirEntry, Permissions, ReadDir};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Removes a tree, or a single file. What is not there is removed already. The tree may be closed against its owner, as the
/// `work/work` is that overlayfs makes with mode 000, and deeper than a process has descriptors or a path has room.
///
/// # Errors
/// The first; some of the tree may be gone then, and what is left lies elsewhere in it.
pub fn remove(path: &Path) -> io::Result<()> {
    let meta = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        meta => meta?,
    };
    if !meta.is_dir() {
        return absent_is_fine(fs::remove_file(path));
    }
    let mut moved = 0_u64;
    // Reading goes on with what is moved there meanwhile, or does not.
    while fs::remove_dir(path).is_err() {
        for entry in open(path)? {
            clear(path, &entry?, &mut moved)?;
        }
    }
    Ok(())
}

/// Removes what is directly in the tree's top; the directories in it move up to the top.
fn clear(top: &Path, entry: &DirEntry, moved: &mut u64) -> io::Result<()> {
    if remove_one(entry)? {
        return Ok(());
    }
    for below in open(&entry.path())? {
        let below = below?;
        if remove_one(&below)? {
            continue;
        }
        // It is written to as well when it moves.
        fs::set_permissions(below.path(), Permissions::from_mode(0o700))?;
        loop {
            *moved += 1;
            match fs::rename(below.path(), top.join(format!("removed-{moved}"))).map_err(|error| error.kind()) {
                Ok(()) => break,
                // There is something of this name.
                Err(io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotADirectory) => {}
                Err(kind) => return Err(kind.into()),
            }
        }
    }
    absent_is_fine(fs::remove_dir(entry.path()))
}

/// Removes a file or an empty directory. False: it is a directory with something in it. An empty one may belong to a
/// container's root, whom nobody here may act for.
fn remove_one(entry: &DirEntry) -> io::Result<bool> {
    if entry.file_type()?.is_dir() {
        return Ok(fs::remove_dir(entry.path()).is_ok());
    }
    absent_is_fine(fs::remove_file(entry.path())).map(|()| true)
}

/// Reads a directory that its owner may be denied.
fn open(directory: &Path) -> io::Result<ReadDir> {
    fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    fs::read_dir(directory)
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

    #[test]
    fn no_tree_is_too_deep() {
        let place = tempfile::tempdir().unwrap();
        let tree = place.path().join("tree");
        fs::create_dir_all(tree.join("removed-1/removed-2")).unwrap();
        fs::write(tree.join("removed-3"), "").unwrap();
        // From within, for a path has room for 4096 characters. Each has a file, and nobody may read it.
        for _ in 0..5000 {
            let around = place.path().join("around");
            fs::create_dir(&around).unwrap();
            fs::write(around.join("file"), "").unwrap();
            fs::rename(&tree, around.join("deep")).unwrap();
            fs::rename(around, &tree).unwrap();
        }
        fs::set_permissions(tree.join("deep/deep"), Permissions::from_mode(0o000)).unwrap();
        remove(&tree).unwrap();
        assert!(!tree.exists());
    }
}
