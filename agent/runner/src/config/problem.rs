//! What is wrong with a settings file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

/// A place in a settings file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// The file.
    pub file: PathBuf,
    /// Line, counted from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Column in characters, counted from 1; 0 when the line or file as a
    /// whole is meant.
    pub column: usize,
}

impl Location {
    /// The file as a whole.
    pub fn whole(file: &Path) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0 }
    }

    /// The byte `offset` of `text`, which is what `file` holds.
    pub fn at(file: &Path, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Self { file: file.to_owned(), line: before.matches('\n').count() + 1, column }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        Ok(())
    }
}

/// One problem of the settings.
///
/// Shown as `FILE:LINE:COLUMN: TABLE.KEY: what is wrong and what would be
/// right`, the form that editors and compilers share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands.
    pub at: Location,
    /// `TABLE.KEY`; empty when the file as a whole is meant.
    pub key: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_characters_from_one() {
        let text = "a = 1\nü = 2\n";
        let place = |offset| {
            let at = Location::at(Path::new("/f"), text, offset);
            (at.line, at.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(6), (2, 1));
        assert_eq!(place(8), (2, 2));
        assert_eq!(place(99), (3, 1));
    }

    #[test]
    fn problems_look_like_a_compilers() {
        let at = Location { file: "/etc/dillinger/runner.toml".into(), line: 3, column: 5 };
        let problem = Problem { at, key: "session.MemoryMx".into(), message: "no such key".into() };
        assert_eq!(problem.to_string(), "/etc/dillinger/runner.toml:3:5: session.MemoryMx: no such key");
        let problem =
            Problem { at: Location::whole(Path::new("/f")), key: String::new(), message: "unreadable".into() };
        assert_eq!(problem.to_string(), "/f: unreadable");
    }
}
