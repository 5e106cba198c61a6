//! What overlayfs writes into an upper directory besides files.

use rustix::fs::{CWD, Mode, XattrFlags, lgetxattr, lsetxattr};
use rustix::io::Errno;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// What an unprivileged overlay (`userxattr`) marks an opaque directory with.
const OPAQUE: &str = "user.overlay.opaque";

/// What an entry of an upper directory says of the layers below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: it stands for itself, a directory together with those of its name below.
    None,
    /// The entry of that name below is deleted.
    Whiteout,
    /// A directory that hides those of its name below.
    Opaque,
}

impl Mark {
    /// The mark of an entry.
    ///
    /// # Errors
    /// It cannot be looked at.
    pub fn of(path: &Path) -> io::Result<Self> {
        let meta = path.symlink_metadata()?;
        if meta.file_type().is_char_device() && meta.rdev() == 0 {
            return Ok(Self::Whiteout);
        }
        if !meta.is_dir() {
            return Ok(Self::None);
        }
        let mut value = [0_u8; 1];
        match lgetxattr(path, OPAQUE, &mut value) {
            Ok(1) if value == *b"y" => Ok(Self::Opaque),
            // With another value, without the attribute, or without attributes at all.
            Ok(_) | Err(Errno::NODATA | Errno::NOTSUP | Errno::RANGE) => Ok(Self::None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a whiteout. Everybody may (mknod(2), Linux 5.8).
    ///
    /// # Errors
    /// The file system refuses.
    pub fn make_whiteout(path: &Path) -> io::Result<()> {
        let (kind, mode) = (rustix::fs::FileType::CharacterDevice, Mode::empty());
        Ok(rustix::fs::mknodat(CWD, path, kind, mode, 0)?)
    }

    /// Makes a directory opaque.
    ///
    /// # Errors
    /// The file system refuses.
    pub fn set_opaque(path: &Path) -> io::Result<()> {
        Ok(lsetxattr(path, OPAQUE, b"y", XattrFlags::empty())?)
    }
}
