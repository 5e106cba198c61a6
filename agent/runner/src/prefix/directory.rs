//! Directories that are what they seem: Podman follows a link where it mounts from, wherever a game or an archive has made
//! it lead.

use super::error::{Error, Result};
use std::io::ErrorKind;
use std::path::Path;

/// Whether the directory `inside` of `root` is there. Every name from `root` down must be a directory of its own; no link
/// is followed. The names above `root` are not looked at.
///
/// # Errors
/// [`Error::Invalid`] for the first that is something else, or it cannot be looked at.
pub(crate) fn is_there(root: &Path, inside: &Path) -> Result<bool> {
    let mut path = root.to_owned();
    let mut names = inside.components();
    loop {
        match path.symlink_metadata() {
            Ok(meta) if meta.is_dir() => {}
            Ok(meta) => return Err(other(&path, meta.is_symlink())),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(Error::storage("looking at", &path)(error)),
        }
        match names.next() {
            Some(name) => path.push(name),
            None => return Ok(true),
        }
    }
}

/// That there is a directory of its own, and no link to one.
///
/// # Errors
/// [`Error::Invalid`] if it is something else, or it is not there.
pub(crate) fn require(path: &Path) -> Result<()> {
    if is_there(path, Path::new(""))? {
        return Ok(());
    }
    Err(Error::Storage(format!("{} is not there, expected a directory", path.display())))
}

fn other(path: &Path, link: bool) -> Error {
    let what = if link { "a symbolic link" } else { "no directory" };
    Error::Invalid(format!("{} is {what}, expected a directory of its own", path.display()))
}
