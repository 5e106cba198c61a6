//! What an installer adds to a prefix and to a directory of the library.

use crate::registry;
use crate::whole;
use anyhow::Context;
use dillinger_runner_core::wine::Installed;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The most names of each kind in a report.
const MOST_NAMES: usize = 100;
/// The most characters of the name of an installed program: the registry has no limit.
const LONGEST_NAME: usize = 256;

/// What is there.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Files with their sizes in bytes.
    files: BTreeMap<PathBuf, u64>,
    /// Programs that are listed as installed.
    programs: BTreeSet<String>,
}

impl Inventory {
    /// Looks at drive C of `prefix` and at `directory`. The registry files have to be whole: no wineserver runs.
    pub fn take(prefix: &Path, directory: Option<&Path>) -> anyhow::Result<Self> {
        let mut inventory = Self::default();
        for root in [Some(prefix.join("drive_c").as_path()), directory].into_iter().flatten() {
            walk(root, &mut inventory.files).with_context(|| format!("cannot look at {}", root.display()))?;
        }
        for file in ["system.reg", "user.reg"] {
            let bytes = whole::read(&prefix.join(file));
            let bytes = bytes.with_context(|| format!("cannot read the prefix's {file}"))?.unwrap_or_default();
            inventory.programs.append(&mut registry::programs(&String::from_utf8_lossy(&bytes)));
        }
        Ok(inventory)
    }

    /// What `self` has more than `before`.
    pub fn added_since(&self, before: &Self, prefix: &Path) -> Installed {
        let drive = prefix.join("drive_c");
        let added = || {
            let new = self.files.iter().filter(|(path, _)| !before.files.contains_key(*path));
            new.filter(|(path, _)| !is_temporary(path))
        };
        let system = drive.join("windows");
        let executables = added().map(|(path, _)| path).filter(|path| is_program(path) && !path.starts_with(&system));
        let programs = self.programs.difference(&before.programs);
        Installed {
            files: added().count() as u64,
            bytes: added().map(|(_, size)| size).sum(),
            executables: executables.map(|path| windows_path(path, &drive)).take(MOST_NAMES).collect(),
            programs: programs.map(|name| name.chars().take(LONGEST_NAME).collect()).take(MOST_NAMES).collect(),
        }
    }
}

/// All files below `root`, which need not exist. Links are not followed.
fn walk(root: &Path, files: &mut BTreeMap<PathBuf, u64>) -> io::Result<()> {
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        // Another program may remove it at any time.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            walk(&entry.path(), files)?;
        } else if metadata.is_file() {
            files.insert(entry.path(), metadata.len());
        }
    }
    Ok(())
}

fn is_temporary(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str().eq_ignore_ascii_case("temp"))
}

fn is_program(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("exe"))
}

/// A path of the container as Windows writes it.
fn windows_path(path: &Path, drive_c: &Path) -> String {
    let (drive, rest) = path
        .strip_prefix(drive_c)
        .map(|rest| ('C', rest))
        .or_else(|_| path.strip_prefix("/library").map(|rest| ('D', rest)))
        .or_else(|_| path.strip_prefix("/").map(|rest| ('Z', rest)))
        .unwrap_or(('Z', path));
    let parts: Vec<_> = rest.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    format!("{drive}:\\{}", parts.join("\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: PathBuf, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn what_was_added_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let (prefix, library) = (directory.path().join("prefix"), directory.path().join("library"));
        write(prefix.join("drive_c/old.exe"), "old");
        let before = Inventory::take(&prefix, Some(&library)).unwrap();

        write(prefix.join("drive_c/old.exe"), "changed");
        write(prefix.join("drive_c/Program Files/Thing/THING.EXE"), "12345");
        write(prefix.join("drive_c/windows/system32/part.exe"), "1");
        write(prefix.join("drive_c/users/player/AppData/Local/Temp/setup.exe"), "123");
        write(library.join("data.bin"), "1234");
        let key = r"[Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Thing] 1";
        write(prefix.join("system.reg"), &format!("{key}\n\"DisplayName\"=\"Thing\"\n"));
        let after = Inventory::take(&prefix, Some(&library)).unwrap();

        let expected = Installed {
            files: 3,
            bytes: 10,
            executables: vec![r"C:\Program Files\Thing\THING.EXE".to_owned()],
            programs: vec!["Thing".to_owned()],
        };
        assert_eq!(after.added_since(&before, &prefix), expected);
        assert_eq!(after.added_since(&after, &prefix), Installed::default());
    }

    #[test]
    fn a_fifo_for_a_registry_file_is_not_waited_for() {
        let prefix = tempfile::tempdir().unwrap();
        nix::unistd::mkfifo(&prefix.path().join("user.reg"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(Inventory::take(prefix.path(), None).unwrap().programs.is_empty());
    }

    #[test]
    fn a_directory_inside_of_the_prefix_is_counted_once() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("drive_c/Games");
        write(inner.join("a"), "1");
        let after = Inventory::take(directory.path(), Some(&inner)).unwrap();
        assert_eq!(after.added_since(&Inventory::default(), directory.path()).files, 1);
    }

    #[test]
    fn paths_as_windows_writes_them() {
        let drive = Path::new("/prefix/drive_c");
        assert_eq!(windows_path(Path::new("/prefix/drive_c/a/b.exe"), drive), r"C:\a\b.exe");
        assert_eq!(windows_path(Path::new("/library/Game/b.exe"), drive), r"D:\Game\b.exe");
        assert_eq!(windows_path(Path::new("/saves/b.exe"), drive), r"Z:\saves\b.exe");
    }
}
