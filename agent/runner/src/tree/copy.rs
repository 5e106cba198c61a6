//! Copies of whole trees.

use super::access::Opened;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The most of its messages that an error repeats, in bytes.
const MESSAGE_MAX: usize = 500;

/// Copies the tree `from` to `to`, which must not exist, with everything that belongs to it: modes, times, extended
/// attributes, links among its files, devices 0:0. Where the file system shares blocks (`ioctl_ficlone(2)`) the
/// copy takes no space. Blocks; may take minutes.
///
/// It is done by `cp(1)` of GNU coreutils, which has all of that.
///
/// # Errors
/// `from` is a symbolic link, or the first that cp says. What was copied until then stays.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_symlink() {
        let text = format!("{} is a symbolic link, expected a directory of its own", from.display());
        return Err(io::Error::new(io::ErrorKind::NotADirectory, text));
    }
    // A file that a game has closed for its owner must not be the end of all snapshots.
    let opened = Opened::up(from);
    let copied = cp(from, to);
    opened.back(to);
    opened.back(from);
    copied
}

fn cp(from: &Path, to: &Path) -> io::Result<()> {
    let done = Command::new("cp")
        .args(["--archive", "--reflink=auto", "--no-target-directory", "--"])
        .args([from, to])
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("cp(1) could not be run: {error}")))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(done.stderr.get(..MESSAGE_MAX.min(done.stderr.len())).unwrap_or_default());
    let first = said.lines().next().unwrap_or_default().trim_start_matches("cp: ").to_owned();
    Err(io::Error::other(if first.is_empty() { format!("cp(1) failed: {}", done.status) } else { first }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::overlay::Mark;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};

    #[test]
    fn a_copy_is_whole() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("a"), place.path().join("b"));
        fs::create_dir_all(from.join("opaque")).unwrap();
        Mark::set_opaque(&from.join("opaque")).unwrap();
        Mark::make_whiteout(&from.join("gone")).unwrap();
        fs::write(from.join("one"), "x").unwrap();
        fs::hard_link(from.join("one"), from.join("two")).unwrap();
        symlink("/nowhere", from.join("link")).unwrap();
        let old = fs::File::options().write(true).open(from.join("one")).unwrap();
        old.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000)).unwrap();
        copy(&from, &to).unwrap();
        assert_eq!(Mark::of(&to.join("gone")).unwrap(), Mark::Whiteout);
        assert!(to.join("gone").symlink_metadata().unwrap().file_type().is_char_device());
        assert_eq!(Mark::of(&to.join("opaque")).unwrap(), Mark::Opaque);
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("/nowhere"));
        let (one, two) = (to.join("one").metadata().unwrap(), to.join("two").metadata().unwrap());
        assert_eq!((one.ino(), one.mtime()), (two.ino(), 1_000_000));
    }

    #[test]
    fn closed_files_and_directories_are_copied() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("a"), place.path().join("b"));
        fs::create_dir_all(from.join("closed/deep")).unwrap();
        fs::write(from.join("closed/deep/file"), "x").unwrap();
        fs::write(from.join("kept"), "").unwrap();
        symlink(from.join("kept"), from.join("closed/link")).unwrap();
        let modes = [("kept", 0o444), ("closed/deep/file", 0), ("closed/deep", 0o500), ("closed", 0)];
        for (name, mode) in modes {
            fs::set_permissions(from.join(name), Permissions::from_mode(mode)).unwrap();
        }
        copy(&from, &to).unwrap();
        for top in [&from, &to] {
            // From the top, else nothing in it can be looked at.
            for (name, mode) in modes.iter().rev() {
                let meta = top.join(name).symlink_metadata().unwrap();
                assert_eq!(meta.mode() & 0o7777, *mode, "{name}");
                if meta.is_dir() {
                    fs::set_permissions(top.join(name), Permissions::from_mode(0o700)).unwrap();
                }
            }
            fs::set_permissions(top.join("closed/deep/file"), Permissions::from_mode(0o600)).unwrap();
            assert_eq!(fs::read_to_string(top.join("closed/deep/file")).unwrap(), "x");
            assert!(top.join("closed/link").is_symlink());
        }
    }

    #[test]
    fn a_link_is_no_tree() {
        let place = tempfile::tempdir().unwrap();
        let (from, to) = (place.path().join("a"), place.path().join("b"));
        symlink("/etc", &from).unwrap();
        let error = copy(&from, &to).unwrap_err();
        assert!(error.to_string().contains("is a symbolic link"), "{error}");
        assert!(!to.is_symlink());
    }

    #[test]
    fn a_failure_is_told_in_words() {
        let place = tempfile::tempdir().unwrap();
        let error = copy(&place.path().join("absent"), &place.path().join("b")).unwrap_err();
        assert!(error.to_string().contains("absent"), "{error}");
    }
}
