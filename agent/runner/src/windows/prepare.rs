//! What a session takes for its life, and what is made for a Windows game before it
//! starts and written down when it has ended.

use super::report;
use crate::prefix::{Error, Hold, Lock, Result, Store};
use crate::saves::{self, SavesStore};
use crate::store::make_private;
use dillinger_runner_core::spec::{SessionSpec, WindowsSpec};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::path::{Path, PathBuf};

/// How many snapshots that nobody asked for by name are kept of a prefix.
pub(crate) const AUTOMATIC_SNAPSHOTS: usize = 5;

/// What a session holds for its life.
#[derive(Debug, Default)]
pub struct Prepared {
    _locks: Vec<Lock>,
}

/// Takes the prefix and the saves of a session, and makes what is not there yet. It
/// blocks: it works on files.
///
/// # Errors
/// Somebody else uses them, or the file system refuses.
pub fn prepare(spec: &SessionSpec, store: &Store, saves: &SavesStore) -> Result<Prepared> {
    let holder = holder(spec);
    let mut locks = Vec::new();
    let profile = match &spec.windows {
        Some(windows) => prefix(spec, windows, store, &holder, &mut locks)?,
        None => None,
    };
    if let Some(directory) = &spec.saves {
        let directory = Path::new(directory);
        make_private(directory).map_err(Error::storage("making", directory))?;
        locks.push(saves.lock(directory, hold(spec), &holder)?);
        if spec.windows.is_some() {
            saves::ensure(directory, &profile.unwrap_or_default())?;
        }
    }
    Ok(Prepared { _locks: locks })
}

/// Takes or makes the prefix. Returns what a new profile is filled from.
fn prefix(
    spec: &SessionSpec,
    windows: &WindowsSpec,
    store: &Store,
    holder: &str,
    locks: &mut Vec<Lock>,
) -> Result<Option<PathBuf>> {
    let Some(template) = store.template(&windows.template) else {
        if let Some(path) = &windows.prefix {
            locks.push(store.lock_plain(Path::new(path), holder)?);
        }
        return Ok(None);
    };
    if windows.prefix.is_none() {
        return template.profile().map(Some);
    }
    let opened = store.open_managed(&spec.game_id, &template, AUTOMATIC_SNAPSHOTS, holder)?;
    if windows.snapshot {
        store.snapshot_opened(&opened, AUTOMATIC_SNAPSHOTS)?;
    }
    locks.push(opened.lock);
    Ok(Some(opened.profile))
}

/// Takes again what a session holds that an agent before this one started.
pub fn relock(spec: &SessionSpec, store: &Store, saves: &SavesStore) -> Prepared {
    let holder = holder(spec);
    let prefix = spec.windows.as_ref().and_then(|windows| {
        let path = Path::new(windows.prefix.as_ref()?);
        Some(match windows.template.as_str() {
            "" => store.lock_plain(path, &holder),
            _ => store.lock_managed(&spec.game_id, &holder),
        })
    });
    let own = spec.saves.as_ref().map(|path| saves.lock(Path::new(path), hold(spec), &holder));
    let warn = |error: &Error| tracing::warn!(session = %spec.id, %error, "what a living session uses is not held");
    let taken = prefix.into_iter().chain(own).filter_map(|lock| lock.inspect_err(warn).ok());
    Prepared { _locks: taken.collect() }
}

/// The layer over the library is one session's; a home may be shared.
fn hold(spec: &SessionSpec) -> Hold {
    if spec.windows.is_some() { Hold::Alone } else { Hold::Shared }
}

/// Writes down what a session has made of its prefix.
pub fn settle(spec: &SessionSpec, store: &Store, directory: &Path) {
    let Some(windows) = &spec.windows else { return };
    if windows.template.is_empty() || windows.prefix.is_none() {
        return;
    }
    // Without a report the prefix may not have been brought up to the template.
    let Some(mut report) = report(directory).filter(|report| report.error.is_none()) else { return };
    report.verbs.retain(|verb| windows.verbs.contains(verb));
    let saves = spec.saves.as_deref().map(Path::new);
    if let Err(error) = store.note_used(&spec.game_id, &windows.template, &report.verbs, saves) {
        tracing::warn!(session = %spec.id, %error, "the use of a prefix is not recorded");
    }
}

/// Makes the directory of an installer below the library. No symbolic link on the
/// way is followed: an installer before this one may have left it.
///
/// # Errors
/// A part of the path is not a directory, or it cannot be made.
pub fn make_below(library: &Path, directory: &Path) -> Result<()> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = rustix::fs::open(library, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let mut at = opened.map_err(|error| Error::storage("opening", library)(error.into()))?;
    let mut path = library.to_owned();
    for part in directory.components() {
        path.push(part);
        match rustix::fs::mkdirat(&at, part.as_os_str(), Mode::RWXU | Mode::RWXG | Mode::RWXO) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(Error::storage("making", &path)(error.into())),
        }
        at = match rustix::fs::openat(&at, part.as_os_str(), flags, Mode::empty()) {
            Ok(next) => next,
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let text =
                    format!("InstallDirectory: {} is no directory, expected no symbolic link there", path.display());
                return Err(Error::Invalid(text));
            }
            Err(error) => return Err(Error::storage("opening", &path)(error.into())),
        };
    }
    Ok(())
}

fn holder(spec: &SessionSpec) -> String {
    format!("session {}", spec.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installers_directory_is_below_the_library() {
        let place = tempfile::tempdir().unwrap();
        let (library, other) = (place.path().join("library"), place.path().join("other"));
        std::fs::create_dir(&library).unwrap();
        std::fs::create_dir(&other).unwrap();
        make_below(&library, Path::new("Games/Doom 2")).unwrap();
        make_below(&library, Path::new("Games/Doom 2")).unwrap();
        assert!(library.join("Games/Doom 2").is_dir());
        std::os::unix::fs::symlink(&other, library.join("Games/link")).unwrap();
        std::fs::write(library.join("file"), "").unwrap();
        for path in ["Games/link", "Games/link/x", "file"] {
            let error = make_below(&library, Path::new(path)).unwrap_err();
            assert!(matches!(&error, Error::Invalid(_)), "{path}: {error}");
        }
        assert_eq!(std::fs::read_dir(other).unwrap().count(), 0);
    }
}
