//! Archives from outside, unpacked into a directory of ours.

use super::Mark;
use std::cell::Cell;
use std::fs::Permissions;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use tar::{Archive, Entry, EntryType};

/// The record of a PAX header (pax(1), "SCHILY." as star and GNU tar write it) that says that a directory is opaque.
pub(super) const OPAQUE_RECORD: &str = "SCHILY.xattr.user.overlay.opaque";
/// What may follow the end-of-archive mark: tar(1) fills its last record, of 10 KiB or as told.
const PADDING_MAX: u64 = 1 << 20;

/// What an archive may hold, besides files, directories and links.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The names that may stand first in a path; empty permits all.
    pub tops: &'static [&'static str],
    /// Whether whiteouts (devices 0:0) and opaque directories are permitted.
    pub marks: bool,
}

/// Why an archive was not unpacked.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// It holds what it must not, or is no archive.
    #[error("{0}")]
    Refused(String),
    /// It has no end: it came from something that broke off.
    #[error("the archive has no end: it was cut off")]
    Truncated,
    /// The file system refuses, or the archive cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Unpacks an archive into `to`, an empty directory, and reads it to its end.
///
/// # Errors
/// What was unpacked until then stays.
pub fn unpack(input: impl Read, to: &Path, rules: Rules) -> Result<(), UnpackError> {
    let to = to.canonicalize()?;
    let ended = Cell::new(false);
    let mut archive = Archive::new(Watched { inner: input, ended: &ended });
    let unpacked = all(&mut archive, &to, rules, &ended);
    match unpacked {
        // Whatever it says, it is for want of the rest.
        Err(UnpackError::Io(_)) | Ok(()) if ended.get() => Err(UnpackError::Truncated),
        Ok(()) => {
            io::copy(&mut archive.into_inner().take(PADDING_MAX), &mut io::sink())?;
            Ok(())
        }
        failed => failed,
    }
}

fn all(archive: &mut Archive<impl Read>, to: &Path, rules: Rules, ended: &Cell<bool>) -> Result<(), UnpackError> {
    let mut first = true;
    for entry in archive.entries()? {
        let entry = match entry {
            Err(error) if first => return Err(UnpackError::Refused(format!("this is no tar archive: {error}"))),
            entry => entry?,
        };
        first = false;
        one(entry, to, rules)?;
        if ended.get() {
            return Err(UnpackError::Truncated);
        }
    }
    // It would replace something by nothing.
    if first && !ended.get() {
        return Err(UnpackError::Refused("the archive is empty".to_owned()));
    }
    Ok(())
}

fn one(mut entry: Entry<'_, impl Read>, to: &Path, rules: Rules) -> Result<(), UnpackError> {
    let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let refused = |reason: &str| Err(UnpackError::Refused(format!("the archive holds {raw:.200}, {reason}")));
    let Some(path) = entry.path().ok().and_then(|path| plain(&path)) else {
        return refused("expected paths without a leading / and without ..");
    };
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let top = path.iter().next().and_then(|top| top.to_str()).unwrap_or_default();
    if !rules.tops.is_empty() && !rules.tops.contains(&top) {
        return refused(&format!("expected only {}", rules.tops.join(", ")));
    }
    let kind = entry.header().entry_type();
    if kind == EntryType::Char && rules.marks && is_zero_device(&entry) {
        return whiteout(to, &path);
    }
    let known = kind.is_file() || kind.is_dir() || kind.is_symlink() || kind.is_hard_link() || kind.is_gnu_sparse();
    if !known {
        return refused("which is a device, a pipe or the like");
    }
    if kind.is_symlink() && path.components().count() == 1 && !rules.tops.is_empty() {
        return refused("which is a link, expected a directory");
    }
    let opaque = kind.is_dir() && rules.marks && says_opaque(&mut entry)?;
    entry.set_preserve_permissions(false);
    if !entry.unpack_in(to)? {
        return refused("expected paths that stay inside");
    }
    let placed = to.join(path);
    if kind.is_dir() {
        let mode = placed.metadata()?.permissions().mode();
        std::fs::set_permissions(&placed, Permissions::from_mode(mode | 0o700))?;
    }
    if opaque {
        Mark::set_opaque(&placed)?;
    }
    Ok(())
}

/// The path without `.`; none if it leads anywhere but down.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut down = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => down.push(name),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return None,
        }
    }
    Some(down)
}

fn is_zero_device(entry: &Entry<'_, impl Read>) -> bool {
    let zero = |number: io::Result<Option<u32>>| number.is_ok_and(|number| number.unwrap_or(0) == 0);
    zero(entry.header().device_major()) && zero(entry.header().device_minor())
}

fn says_opaque(entry: &mut Entry<'_, impl Read>) -> io::Result<bool> {
    let Some(records) = entry.pax_extensions()? else { return Ok(false) };
    Ok(records.flatten().any(|record| record.key_bytes() == OPAQUE_RECORD.as_bytes() && record.value_bytes() == b"y"))
}

/// The directory it is in must be one of those that were unpacked: no link may lead out.
fn whiteout(to: &Path, path: &Path) -> Result<(), UnpackError> {
    let place = to.join(path);
    let parent = place.parent().unwrap_or(to).canonicalize()?;
    if !parent.starts_with(to) {
        return Err(UnpackError::Refused(format!("the archive holds {}, which leads out of it", path.display())));
    }
    Ok(Mark::make_whiteout(&place)?)
}

/// Knows whether its end was reached.
struct Watched<'a, R> {
    inner: R,
    ended: &'a Cell<bool>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            self.ended.set(true);
        }
        Ok(read)
    }
}
