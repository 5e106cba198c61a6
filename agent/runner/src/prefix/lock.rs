//! Who uses a directory: one, or several who share it.

use super::error::{Error, Result};
use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// How a directory is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// By nobody else.
    Alone,
    /// Together with others who say the same.
    Shared,
}

/// Locks of directories, by `flock(2)`, which ends with the process whatever happens to it; and who holds them here.
/// Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Locks {
    holders: Arc<Mutex<BTreeMap<PathBuf, String>>>,
}

/// A directory that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    locks: Locks,
}

impl Locks {
    /// Takes a directory; `holder` is for whoever comes in vain, such as `session 0123…`.
    ///
    /// # Errors
    /// [`Error::Busy`] if somebody has it, or it cannot be opened.
    pub fn take(&self, path: &Path, hold: Hold, holder: &str) -> Result<Lock> {
        loop {
            let file = File::open(path).map_err(Error::storage("opening", path))?;
            let taken = match hold {
                Hold::Alone => file.try_lock(),
                Hold::Shared => file.try_lock_shared(),
            };
            match taken {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(self.busy(path)),
                Err(TryLockError::Error(error)) => return Err(Error::storage("locking", path)(error)),
            }
            // It may have been replaced by another of that name before it was locked.
            if is_at(&file, path) {
                self.with(|holders| holders.insert(path.to_owned(), holder.to_owned()));
                return Ok(Lock { file, path: path.to_owned(), locks: self.clone() });
            }
        }
    }

    /// Who holds a directory, if somebody does: an empty text if it is not known who.
    pub fn holder(&self, path: &Path) -> Option<String> {
        let file = File::open(path).ok()?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Some(self.with(|holders| holders.get(path).cloned()).unwrap_or_default()),
            _ => None,
        }
    }

    fn busy(&self, path: &Path) -> Error {
        let holder = self.with(|holders| holders.get(path).cloned());
        Error::Busy { what: path.display().to_string(), holder }
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<PathBuf, String>) -> T) -> T {
        work(&mut self.holders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lock {
    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl AsFd for Lock {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.locks.with(|holders| holders.remove(&self.path));
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let identity = |meta: std::fs::Metadata| (meta.dev(), meta.ino());
    match (file.metadata(), path.metadata()) {
        (Ok(held), Ok(there)) => identity(held) == identity(there),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_alone_or_several_together() {
        let place = tempfile::tempdir().unwrap();
        let (locks, path) = (Locks::default(), place.path());
        let lock = locks.take(path, Hold::Alone, "session a").unwrap();
        let busy = locks.take(path, Hold::Shared, "session b").unwrap_err();
        assert!(busy.to_string().ends_with("is in use by session a"), "{busy}");
        assert_eq!(locks.holder(path).as_deref(), Some("session a"));
        // Another agent of this user knows that it is taken, not by whom.
        assert_eq!(Locks::default().holder(path).as_deref(), Some(""));
        drop(lock);
        assert_eq!(locks.holder(path), None);
        let shared = [locks.take(path, Hold::Shared, "a").unwrap(), locks.take(path, Hold::Shared, "b").unwrap()];
        assert!(matches!(locks.take(path, Hold::Alone, "c"), Err(Error::Busy { .. })));
        drop(shared);
        assert!(locks.take(path, Hold::Alone, "c").is_ok());
    }

    #[test]
    fn what_is_not_there_cannot_be_held() {
        let place = tempfile::tempdir().unwrap();
        let error = Locks::default().take(&place.path().join("absent"), Hold::Alone, "a").unwrap_err();
        assert!(matches!(error, Error::Storage(_)), "{error}");
    }
}
