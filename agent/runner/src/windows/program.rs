//! The program of a Windows game: found whatever its case, and looked at before a
//! container starts.

use super::layers::Layers;
use dillinger_runner_core::host::ProgramFact;
use dillinger_runner_core::problem::quoted;
use dillinger_runner_core::wine::Program;
use dillinger_runner_core::wine::find::{EntryKind, FindError, find};
use dillinger_runner_core::wine::path::{Place, WindowsPath};
use dillinger_runner_core::wine::pe::{FileKind, HEADER_BYTES};
use nix::fcntl::OFlag;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

/// Where programs are looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    /// `D:\`; none without a library.
    pub(super) library: Option<Layers>,
    /// `C:\`; none without a prefix.
    pub(super) drive_c: Option<Layers>,
}

/// Finds the program that a request names.
pub(super) fn program(executable: &str, places: &Places) -> ProgramFact {
    look(executable, places).map_or_else(ProgramFact::Refused, ProgramFact::Found)
}

/// Whether the directory of a program in the library belongs to another user. Of one that is not found it does not.
pub(super) fn is_foreign(executable: &str, library: &Layers) -> bool {
    let Ok(path) = WindowsPath::parse(executable) else { return false };
    if path.place != Place::Library {
        return false;
    }
    let directory = path.parent().map(|path| path.components).unwrap_or_default();
    let Ok(names) = find(&directory, EntryKind::Directory, |names| library.list(names)) else { return false };
    library.path(&names).metadata().is_ok_and(|meta| meta.uid() != crate::host::uid())
}

fn look(executable: &str, places: &Places) -> Result<Program, String> {
    let path = WindowsPath::parse(executable).map_err(|error| error.to_string())?;
    let layers = match path.place {
        Place::Library => places.library.as_ref().ok_or("is in the library, which this session has not")?,
        Place::DriveC => places.drive_c.as_ref().ok_or("is in the prefix, which this session has not")?,
    };
    let found = find(&path.components, EntryKind::File, |names| layers.list(names));
    let names = found.map_err(|error| match error {
        FindError::NotFound(missing) => missing.to_string(),
        FindError::List(error) => format!("{} cannot be looked for: {error}", quoted(executable)),
    })?;
    let file = layers.path(&names);
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", quoted(executable));
    // It may have become a pipe since it was looked at.
    let mut options = std::fs::OpenOptions::new();
    let mut opened = options.read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(file).map_err(unreadable)?;
    let length = opened.metadata().map_err(unreadable)?.len();
    let mut head = Vec::new();
    let most = u64::try_from(HEADER_BYTES).unwrap_or(u64::MAX);
    opened.by_ref().take(most).read_to_end(&mut head).map_err(unreadable)?;
    let name = names.last().map(String::as_str).unwrap_or_default();
    let kind = FileKind::identify(name, &head, length).program(length);
    let kind = kind.map_err(|error| format!("{} cannot be started: {error}", quoted(executable)))?;
    Ok(Program { path: path.with(names).to_string(), kind, arguments: Vec::new(), directory: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dillinger_runner_core::wine::ProgramKind;
    use std::path::PathBuf;

    #[test]
    fn a_program_is_found_or_refused_with_the_reason() {
        let library = tempfile::tempdir().unwrap();
        std::fs::create_dir(library.path().join("Größe")).unwrap();
        std::fs::write(library.path().join("Größe/Start.BAT"), "@echo off\r\n").unwrap();
        std::fs::write(library.path().join("notes.exe"), "only text\n").unwrap();
        let layers = Layers { lower: library.path().to_owned(), ..Layers::default() };
        let places = Places { library: Some(layers), drive_c: None };
        let ProgramFact::Found(found) = program("d:/größe/start.bat", &places) else { panic!("not found") };
        assert_eq!((found.path.as_str(), found.kind), ("D:\\Größe\\Start.BAT", ProgramKind::Batch));
        let library = places.library.as_ref().unwrap();
        assert!(!is_foreign("größe/start.bat", library) && !is_foreign("notes.exe", library));
        // What belongs to another user on every host.
        let system = Layers { lower: PathBuf::from("/"), ..Layers::default() };
        let another = std::fs::metadata("/proc/1").unwrap().uid() != crate::host::uid();
        assert_eq!(is_foreign("proc/1/x.exe", &system), another);
        for (executable, said) in [
            ("Größe/stört.bat", "nearest names are \"Start.BAT\""),
            ("notes.exe", "cannot be started: "),
            ("C:\\game.exe", "in the prefix"),
            ("\\\\server\\share\\a.exe", "UNC"),
        ] {
            let ProgramFact::Refused(reason) = program(executable, &places) else { panic!("{executable} was found") };
            assert!(reason.contains(said), "{executable}: {reason}");
        }
    }
}
