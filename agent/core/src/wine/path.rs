//! The forms in which a Windows game's program, or its working directory, may be named.
//!
//! In the container `C:` is the directory `drive_c` of the prefix, `D:` is the library and `Z:` is `/`.

use super::PREFIX_DIRECTORY;
use crate::problem::quoted;
use std::fmt;

/// Where the library is in the container.
const LIBRARY_DIRECTORY: &str = "/library";
/// The directory of the drive `C:` in a prefix.
const DRIVE_C: &str = "drive_c";
/// The most bytes of a path (`PATH_MAX`) and of one of its names (`NAME_MAX`), limits.h(0p).
const PATH_MAX: usize = 4096;
const NAME_MAX: usize = 255;

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// The library, for Windows `D:\`.
    Library,
    /// The directory `drive_c` of the prefix, for Windows `C:\`.
    DriveC,
}

/// A place and the names that lead from it to a file or directory.
///
/// No name is empty, `.`, `..`, or one that Windows cannot have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WindowsPath {
    /// Where it begins.
    pub place: Place,
    /// The names, outermost first; none for the place itself.
    pub components: Vec<String>,
}

/// The text names nothing that a session can reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// Nothing, or only separators.
    #[error("is empty; give a path such as Game/game.exe, which begins at the library")]
    Empty,
    /// Longer than any path.
    #[error("is longer than {PATH_MAX} bytes")]
    Long,
    /// `\\server\share\…`.
    #[error("{} is a network (UNC) path, which a session cannot reach; {FORMS}", quoted(.0))]
    Unc(String),
    /// `\\?\…`, `\\.\…`, `\??\…`.
    #[error("{} is a path of devices; {FORMS}", quoted(.0))]
    Device(String),
    /// `C:game.exe`.
    #[error("{} depends on the current directory of its drive; write {}", quoted(.0), quoted(.1))]
    DriveRelative(String, String),
    /// `\game.exe`.
    #[error("{} names no drive; {FORMS}", quoted(.0))]
    NoDrive(String),
    /// A drive that is not there.
    #[error("there is no drive {0}:; C: is the prefix, D: is the library")]
    Drive(char),
    /// Outside of the library and the prefix.
    #[error("{} is neither in the library nor in the prefix; {FORMS}", quoted(.0))]
    Outside(String),
    /// `..`.
    #[error("{} has the name .., which could lead out of the library; write the path without it", quoted(.0))]
    Parent(String),
    /// A device's name.
    #[error("{} is the name of a device for Windows, not of a file", quoted(.0))]
    DeviceName(String),
    /// A name that Windows cannot have.
    #[error("{} is no name of a file for Windows: {}", quoted(.0), .1)]
    Name(String, BadName),
}

/// What no name may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A character.
    #[error("it has the character {0:?}")]
    Character(char),
    /// A dot or a space at the end, which Windows leaves out.
    #[error("it ends in {0:?}")]
    End(char),
    /// Longer than a name of a file.
    #[error("it is longer than {NAME_MAX} bytes")]
    Long,
}

const FORMS: &str = r"write a path that begins at the library (Game/game.exe, D:\Game\game.exe, /library/Game/game.exe) or in the prefix (C:\Game\game.exe, drive_c/Game/game.exe)";

impl WindowsPath {
    /// The path that `text` names.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn parse(text: &str) -> Result<Self, InvalidPath> {
        if text.len() > PATH_MAX {
            return Err(InvalidPath::Long);
        }
        refuse_devices(text)?;
        let (drive, rest) = split_drive(text)?;
        let names = names(rest, text)?;
        let (place, names) = match drive {
            None if rest.starts_with('/') => from_root(&names, text)?,
            None if names.first() == Some(&DRIVE_C) => (Place::DriveC, names.get(1..).unwrap_or_default()),
            None if names.is_empty() => return Err(InvalidPath::Empty),
            None | Some('D') => (Place::Library, names.as_slice()),
            Some('C') => (Place::DriveC, names.as_slice()),
            Some('Z') => from_root(&names, text)?,
            Some(other) => return Err(InvalidPath::Drive(other)),
        };
        Ok(Self { place, components: names.iter().map(|&name| name.to_owned()).collect() })
    }

    /// The path of the same place with other names, as they are really written.
    #[must_use]
    pub fn with(&self, components: Vec<String>) -> Self {
        Self { place: self.place, components }
    }

    /// The directory that holds it; the place itself has none.
    pub fn parent(&self) -> Option<Self> {
        let (_, components) = self.components.split_last()?;
        Some(self.with(components.to_vec()))
    }
}

/// As Windows writes it: `D:\Game\game.exe`.
impl fmt::Display for WindowsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drive = match self.place {
            Place::Library => "D:",
            Place::DriveC => "C:",
        };
        f.write_str(drive)?;
        if self.components.is_empty() {
            return f.write_str(r"\");
        }
        self.components.iter().try_for_each(|name| write!(f, r"\{name}"))
    }
}

fn is_separator(c: char) -> bool {
    c == '/' || c == '\\'
}

/// Paths that begin with two separators, and `\??\`, which the kernel of Windows has instead.
fn refuse_devices(text: &str) -> Result<(), InvalidPath> {
    if text.starts_with(r"\??\") {
        return Err(InvalidPath::Device(text.to_owned()));
    }
    let Some(rest) = text.strip_prefix(is_separator).and_then(|rest| rest.strip_prefix(is_separator)) else {
        return Ok(());
    };
    let server = rest.split(is_separator).next().unwrap_or_default();
    Err(match server {
        "?" | "." => InvalidPath::Device(text.to_owned()),
        _ => InvalidPath::Unc(text.to_owned()),
    })
}

/// The drive's letter, if there is one, in upper case, and what follows.
fn split_drive(text: &str) -> Result<(Option<char>, &str), InvalidPath> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(letter), Some(':')) if letter.is_ascii_alphabetic() => {
            let (drive, rest) = (letter.to_ascii_uppercase(), chars.as_str());
            if rest.is_empty() || rest.starts_with(is_separator) {
                return Ok((Some(drive), rest));
            }
            Err(InvalidPath::DriveRelative(text.to_owned(), format!(r"{drive}:\{rest}")))
        }
        (Some('\\'), _) => Err(InvalidPath::NoDrive(text.to_owned())),
        _ => Ok((None, text)),
    }
}

/// The names of a path without its drive.
fn names<'a>(rest: &'a str, text: &str) -> Result<Vec<&'a str>, InvalidPath> {
    let names: Vec<&str> = rest.split(is_separator).filter(|name| !matches!(*name, "" | ".")).collect();
    for name in &names {
        if *name == ".." {
            return Err(InvalidPath::Parent(text.to_owned()));
        }
        check_name(name)?;
    }
    Ok(names)
}

/// Microsoft's "Naming Files, Paths, and Namespaces".
fn check_name(name: &str) -> Result<(), InvalidPath> {
    let bad = |why| Err(InvalidPath::Name(name.to_owned(), why));
    if let Some(c) = name.chars().find(|&c| c.is_control() || "<>:\"|?*".contains(c)) {
        return bad(BadName::Character(c));
    }
    if name.len() > NAME_MAX {
        return bad(BadName::Long);
    }
    if is_device(name) {
        return Err(InvalidPath::DeviceName(name.to_owned()));
    }
    match name.chars().last() {
        Some(c @ ('.' | ' ')) => bad(BadName::End(c)),
        _ => Ok(()),
    }
}

/// Whether Windows takes `name`, with any extension, for a device.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_uppercase();
    let numbered =
        |port| stem.strip_prefix(port).is_some_and(|number| "123456789¹²³".chars().any(|c| number.chars().eq([c])));
    matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") || numbered("COM") || numbered("LPT")
}

/// The place of names that begin at the root of the container, and the names after it.
fn from_root<'a, 'b>(names: &'b [&'a str], text: &str) -> Result<(Place, &'b [&'a str]), InvalidPath> {
    let library = LIBRARY_DIRECTORY.trim_start_matches('/');
    let prefix = PREFIX_DIRECTORY.trim_start_matches('/');
    match names {
        [first, rest @ ..] if *first == library => Ok((Place::Library, rest)),
        [first, second, rest @ ..] if *first == prefix && *second == DRIVE_C => Ok((Place::DriveC, rest)),
        _ => Err(InvalidPath::Outside(text.to_owned())),
    }
}

#[cfg(test)]
mod tests;
