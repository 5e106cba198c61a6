//! The drives of a prefix. It may be a player's own: what stands at a letter of it stays.

use anyhow::Context;
use dillinger_runner_core::wine::Program;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The directory of a prefix that has a link for each drive.
const DEVICES: &str = "dosdevices";
/// Where the library is in the container.
const LIBRARY: &str = "/library";
/// The container's root, for what is nowhere else.
const ROOT: &str = "/";

/// Where the drives of a prefix lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drives {
    /// How Windows programs name the library, without a separator at the end: `D:`, or such as `Z:\library`.
    library: Option<String>,
    /// Whether one of them has the whole container.
    root: bool,
    /// What `d:` is.
    letter: PathBuf,
}

impl Drives {
    /// Whether every path of the container has a drive.
    pub fn have_root(&self) -> bool {
        self.root
    }

    /// The program with paths that lead to it in this prefix.
    ///
    /// # Errors
    ///
    /// A prefix in which no drive leads to the library.
    pub fn program(&self, program: &Program) -> anyhow::Result<Program> {
        let directory = program.directory.as_deref().map(|directory| self.path(directory)).transpose()?;
        Ok(Program { path: self.path(&program.path)?, directory, ..program.clone() })
    }

    /// A path that is on drive D if it is in the library.
    fn path(&self, path: &str) -> anyhow::Result<String> {
        let Some(rest) = path.strip_prefix("D:") else { return Ok(path.to_owned()) };
        let library = self.library.as_ref().with_context(|| {
            format!(
                "{path} cannot be reached: drive d: of the prefix is taken by {}, and no other drive of it leads to \
                 {LIBRARY} or {ROOT}. Free d: or z: in the prefix's {DEVICES}",
                self.letter.display()
            )
        })?;
        Ok(format!("{library}{rest}"))
    }
}

/// Gives the prefix the drives that it lacks.
pub(super) fn set(prefix: &Path) -> anyhow::Result<Drives> {
    let devices = prefix.join(DEVICES);
    fs::create_dir_all(&devices).with_context(|| format!("cannot make {}", devices.display()))?;
    for (letter, target) in [('d', LIBRARY), ('z', ROOT)] {
        let path = drive(&devices, letter);
        match symlink(target, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make {}", path.display()));
            }
            _ => {}
        }
    }
    let find = |target| ('a'..='z').find(|letter| leads_to(&drive(&devices, *letter), Path::new(target)));
    let root = find(ROOT);
    // D first: what a game or its player has written down of paths is of that.
    let library = leads_to(&drive(&devices, 'd'), Path::new(LIBRARY)).then_some('d').or_else(|| find(LIBRARY));
    let library = library.map(|letter| format!("{}:", letter.to_ascii_uppercase()));
    let below_root = || root.map(|letter| format!(r"{}:\library", letter.to_ascii_uppercase()));
    let letter = drive(&devices, 'd');
    let letter = fs::read_link(&letter).unwrap_or(letter);
    Ok(Drives { library: library.or_else(below_root), root: root.is_some(), letter })
}

fn drive(devices: &Path, letter: char) -> PathBuf {
    devices.join(format!("{letter}:"))
}

fn leads_to(path: &Path, target: &Path) -> bool {
    fs::read_link(path).is_ok_and(|link| link == target) || fs::canonicalize(path).is_ok_and(|real| real == target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dillinger_runner_core::wine::ProgramKind;

    /// A prefix with these drives.
    fn prefix(drives: &[(&str, &str)]) -> tempfile::TempDir {
        let prefix = tempfile::tempdir().unwrap();
        fs::create_dir(prefix.path().join(DEVICES)).unwrap();
        for (name, target) in drives {
            symlink(target, prefix.path().join(DEVICES).join(name)).unwrap();
        }
        prefix
    }

    fn link(prefix: &tempfile::TempDir, name: &str) -> PathBuf {
        fs::read_link(prefix.path().join(DEVICES).join(name)).unwrap()
    }

    fn game() -> Program {
        let directory = Some(r"D:\".to_owned());
        Program { path: r"D:\Game\game.exe".to_owned(), kind: ProgramKind::Exe, arguments: vec![], directory }
    }

    fn reached(prefix: &tempfile::TempDir) -> (String, String) {
        let program = set(prefix.path()).unwrap().program(&game()).unwrap();
        (program.path, program.directory.unwrap())
    }

    #[test]
    fn drives_that_are_missing_are_made() {
        let prefix = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            assert_eq!(reached(&prefix), (r"D:\Game\game.exe".to_owned(), r"D:\".to_owned()));
            assert_eq!((link(&prefix, "d:"), link(&prefix, "z:")), (LIBRARY.into(), ROOT.into()));
        }
        assert!(set(prefix.path()).unwrap().have_root());
    }

    #[test]
    fn drives_of_the_player_stay_and_others_lead_to_the_library() {
        let taken = prefix(&[("d:", "/media/cdrom")]);
        assert_eq!(reached(&taken), (r"Z:\library\Game\game.exe".to_owned(), r"Z:\library\".to_owned()));
        assert_eq!(link(&taken, "d:"), Path::new("/media/cdrom"));
        let both = prefix(&[("d:", "/media/cdrom"), ("z:", "/nowhere"), ("e:", LIBRARY)]);
        assert_eq!(reached(&both).0, r"E:\Game\game.exe");
        assert_eq!(link(&both, "z:"), Path::new("/nowhere"));
        assert!(!set(both.path()).unwrap().have_root());
        let relative = prefix(&[("d:", "/media/cdrom"), ("z:", "/nowhere"), ("x:", "/../")]);
        assert_eq!(reached(&relative).0, r"X:\library\Game\game.exe");
    }

    #[test]
    fn a_library_without_a_drive_is_an_error_that_says_what_has_taken_it() {
        let prefix = prefix(&[("d:", "/media/cdrom"), ("z:", "/nowhere")]);
        let drives = set(prefix.path()).unwrap();
        let error = drives.program(&game()).unwrap_err().to_string();
        assert!(error.contains("d: of the prefix is taken by /media/cdrom"), "{error}");
        let inside = Program { path: r"C:\Game\game.exe".to_owned(), directory: None, ..game() };
        assert_eq!(drives.program(&inside).unwrap(), inside);
    }
}
