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
    holders: Arc<Mutex<BTreeMap<PathBuf, Vec<String>>>>,
}

/// A directory that is held until this is dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    holder: String,
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
                self.with(|holders| holders.entry(path.to_owned()).or_default().push(holder.to_owned()));
                return Ok(Lock { file, path: path.to_owned(), holder: holder.to_owned(), locks: self.clone() });
            }
        }
    }

    /// Who holds a directory, as far as it was taken here. Trying to take it would be in the way of whoever does.
    pub fn holder(&self, path: &Path) -> Option<String> {
        self.with(|holders| holders.get(path).map(|all| all.join(", ")))
    }

    fn busy(&self, path: &Path) -> Error {
        Error::Busy { what: path.display().to_string(), holder: self.holder(path) }
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<PathBuf, Vec<String>>) -> T) -> T {
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
        self.locks.with(|holders| {
            let Some(all) = holders.get_mut(&self.path) else { return };
            if let Some(at) = all.iter().position(|one| *one == self.holder) {
                all.remove(at);
            }
            if all.is_empty() {
                holders.remove(&self.path);
            }
        });
        // Closing alone would not do while a program that is being started has the descriptor too.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(path = %self.path.display(), %error, "a lock stays until its descriptor is closed");
        }
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
        // Another process does not know by whom it is taken.
        let foreign = Locks::default().take(path, Hold::Alone, "b").unwrap_err();
        assert_eq!(foreign, Error::Busy { what: path.display().to_string(), holder: None });
        drop(lock);
        assert_eq!(locks.holder(path), None);
        let shared = [locks.take(path, Hold::Shared, "a").unwrap(), locks.take(path, Hold::Shared, "b").unwrap()];
        assert!(locks.take(path, Hold::Alone, "c").unwrap_err().to_string().ends_with("is in use by a, b"));
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
