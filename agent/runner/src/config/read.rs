//! Finding and reading the settings files.

use super::problem::{Location, Problem};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Name of the main file in each directory; fragments lie in `<name>.d`.
const FILE_NAME: &str = "runner.toml";
/// Largest file that is read: a bound on what a wrong path can cost.
const FILE_MAX: u64 = 1 << 20;

/// One file with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) file: PathBuf,
    pub(super) text: String,
}

/// Every settings file of the directories, in the order in which they count.
/// What does not exist is left out; what cannot be read is a problem.
pub(super) fn sources(directories: &[PathBuf]) -> (Vec<Source>, Vec<Problem>) {
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for directory in directories {
        let main = directory.join(FILE_NAME);
        let (fragments, unlisted) = fragments(&directory.join(format!("{FILE_NAME}.d")));
        problems.extend(unlisted);
        for file in std::iter::once(main).chain(fragments) {
            match read(&file) {
                Ok(Some(text)) => sources.push(Source { file, text }),
                Ok(None) => {}
                Err(message) => problems.push(whole(&file, message)),
            }
        }
    }
    (sources, problems)
}

/// The `*.toml` files of a `.d` directory, sorted by name.
fn fragments(directory: &Path) -> (Vec<PathBuf>, Option<Problem>) {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return (Vec::new(), None),
        Err(error) => return (Vec::new(), Some(whole(directory, format!("cannot be listed: {error}")))),
    };
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|ext| ext == "toml")).collect();
    files.sort();
    (files, None)
}

/// The text of a file; `None` when there is no such file.
fn read(file: &Path) -> Result<Option<String>, String> {
    let metadata = match std::fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    // Opening a FIFO would block, reading a device might never end.
    if !metadata.is_file() {
        return Err("is not a regular file".to_owned());
    }
    let opened = std::fs::File::open(file).map_err(|error| format!("cannot be opened: {error}"))?;
    let mut bytes = Vec::new();
    opened.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(format!("is larger than {FILE_MAX} bytes"));
    }
    String::from_utf8(bytes).map(Some).map_err(|error| format!("is not UTF-8: {error}"))
}

fn whole(file: &Path, message: String) -> Problem {
    Problem { at: Location::whole(file), key: String::new(), message }
}
