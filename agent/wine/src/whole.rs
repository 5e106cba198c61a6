//! Files that are there whole or not at all, in directories that a game can write to.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file, whatever stands at its name: it may be read at any time. No process may change the directory meanwhile.
///
/// A game may have put anything there. A FIFO would hold the writer up and a link would lead it elsewhere, so nothing
/// that is there is opened.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    remove(&new)?;
    // Exclusive: fails if there is anything again, a link too.
    OpenOptions::new().write(true).create_new(true).open(&new)?.write_all(bytes)?;
    if fs::symlink_metadata(path).is_ok_and(|there| there.is_dir()) {
        fs::remove_dir_all(path)?;
    }
    fs::rename(&new, path)
}

/// Removes whatever is there; a directory with all that is in it.
fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(there) if there.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

/// Reads a file; nothing if there is none, or something else than a file.
///
/// # Errors
///
/// A file that cannot be read.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_file() => fs::read(path).map(Some),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_that_a_game_has_put_there_holds_it_up_or_leads_it_elsewhere() {
        let directory = tempfile::tempdir().unwrap();
        let (path, other) = (directory.path().join("a.json"), directory.path().join("other"));
        let new = directory.path().join("a.json.new");
        fs::write(&other, "other").unwrap();
        for place in [&new, &path] {
            let _ = fs::remove_file(&path);
            mkfifo(place, Mode::S_IRWXU).unwrap();
            write(&path, b"after a FIFO").unwrap();
            fs::remove_file(&path).unwrap();
            symlink(&other, place).unwrap();
            write(&path, b"after a link").unwrap();
            fs::remove_file(&path).unwrap();
            fs::create_dir_all(place.join("inner")).unwrap();
            write(&path, b"after a directory").unwrap();
            assert_eq!(read(&path).unwrap().unwrap(), b"after a directory");
        }
        assert_eq!(fs::read(&other).unwrap(), b"other");
        assert!(!new.exists());
    }

    #[test]
    fn only_files_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        assert_eq!(read(&path).unwrap(), None);
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        assert_eq!(read(&path).unwrap(), None);
        fs::remove_file(&path).unwrap();
        fs::write(&path, "text").unwrap();
        assert_eq!(read(&path).unwrap().unwrap(), b"text");
    }
}
