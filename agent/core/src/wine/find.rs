//! Finding a file by a name whose case may be wrong, as Windows does.

use icu_normalizer::ComposingNormalizerBorrowed;
use std::fmt;

/// How many of the nearest names an error tells.
const NEAREST: usize = 3;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// What has the name, links followed.
    pub kind: EntryKind,
}

/// What has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
}

/// Nothing has the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// The names, as they are written, of the directory that was found last.
    pub directory: Vec<String>,
    /// The name that is not in it.
    pub name: String,
    /// What was looked for.
    pub wanted: EntryKind,
    /// Whether the other kind has this name: a directory for a file, a file for a directory.
    pub other_kind: bool,
    /// Names of the kind in that directory that are most like it, the nearest first.
    pub nearest: Vec<String>,
}

/// Why a lookup has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindError<E> {
    /// Nothing has the name.
    #[error("{0}")]
    NotFound(NotFound),
    /// A directory could not be listed.
    #[error("{0}")]
    List(E),
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Directory => "directory",
        })
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no {} {:?} in ", self.wanted, self.name)?;
        match self.directory.as_slice() {
            [] => f.write_str("the top directory")?,
            names => write!(f, "{:?}", names.join("/"))?,
        }
        if self.other_kind {
            let other = if self.wanted == EntryKind::File { EntryKind::Directory } else { EntryKind::File };
            return write!(f, "; it is a {other}");
        }
        if self.nearest.is_empty() {
            let kinds = if self.wanted == EntryKind::File { "files" } else { "directories" };
            return write!(f, ", which has no {kinds}");
        }
        let names: Vec<String> = self.nearest.iter().map(|name| format!("{name:?}")).collect();
        write!(f, "; the nearest names are {}", names.join(", "))
    }
}

/// The names, as they are written, of the `wanted` that `components` name, whatever their case and their Unicode form.
///
/// `list` tells the entries of a directory, given by its names as they are written; none are the top directory.
/// Where several names fit, the one that is exactly as given comes first, the others in the order of their bytes;
/// one of them in which the rest is not found does not hide another.
///
/// # Errors
/// What was not found, in the innermost directory that was; or the error of `list`.
pub fn find<E>(
    components: &[String],
    wanted: EntryKind,
    mut list: impl FnMut(&[String]) -> Result<Vec<Entry>, E>,
) -> Result<Vec<String>, FindError<E>> {
    if components.is_empty() && wanted == EntryKind::File {
        let missing = NotFound { directory: vec![], name: String::new(), wanted, other_kind: true, nearest: vec![] };
        return Err(FindError::NotFound(missing));
    }
    let mut search = Search { wanted, list: &mut list, found: vec![], missing: None };
    if search.descend(components).map_err(FindError::List)? {
        return Ok(search.found);
    }
    Err(FindError::NotFound(search.missing.unwrap_or_else(|| NotFound {
        directory: vec![],
        name: components.concat(),
        wanted,
        other_kind: false,
        nearest: vec![],
    })))
}

struct Search<'a, L> {
    wanted: EntryKind,
    list: &'a mut L,
    /// The names down to where the search is.
    found: Vec<String>,
    /// What was not found, in the innermost directory.
    missing: Option<NotFound>,
}

impl<L> Search<'_, L> {
    /// Whether the rest of the names is below the directory `found`, which then holds them too.
    fn descend<E>(&mut self, components: &[String]) -> Result<bool, E>
    where
        L: FnMut(&[String]) -> Result<Vec<Entry>, E>,
    {
        let Some((name, rest)) = components.split_first() else {
            return Ok(true);
        };
        let kind = if rest.is_empty() { self.wanted } else { EntryKind::Directory };
        let entries = (self.list)(&self.found)?;
        let fitting = fitting(name, &entries);
        for entry in fitting.iter().filter(|entry| entry.kind == kind) {
            self.found.push(entry.name.clone());
            if self.descend(rest)? {
                return Ok(true);
            }
            self.found.pop();
        }
        if self.missing.as_ref().is_none_or(|missing| missing.directory.len() < self.found.len()) {
            self.missing = Some(NotFound {
                directory: self.found.clone(),
                name: name.clone(),
                wanted: kind,
                other_kind: !fitting.is_empty(),
                nearest: nearest(name, kind, &entries),
            });
        }
        Ok(false)
    }
}

/// The entries that have this name for Windows, the exact one first.
fn fitting<'a>(name: &str, entries: &'a [Entry]) -> Vec<&'a Entry> {
    let folded = fold(name);
    let mut fitting: Vec<&Entry> = entries.iter().filter(|entry| fold(&entry.name) == folded).collect();
    fitting.sort_by_key(|entry| (entry.name != name, entry.name.as_str()));
    fitting
}

fn nearest(name: &str, kind: EntryKind, entries: &[Entry]) -> Vec<String> {
    let folded = fold(name);
    let mut names: Vec<(usize, &str)> = entries
        .iter()
        .filter(|entry| entry.kind == kind)
        .map(|entry| (strsim::damerau_levenshtein(&folded, &fold(&entry.name)), entry.name.as_str()))
        .collect();
    names.sort_unstable();
    names.into_iter().take(NEAREST).map(|(_, name)| name.to_owned()).collect()
}

/// The same text for all names that are one for Windows or look the same: composed (NFC), each character by itself in
/// lower case by way of upper case, since Windows has a table of single characters for it. A character whose other case
/// is several stays as it is.
fn fold(name: &str) -> String {
    fn single(mut chars: impl Iterator<Item = char>, otherwise: char) -> char {
        match (chars.next(), chars.next()) {
            (Some(c), None) => c,
            _ => otherwise,
        }
    }
    let composed = ComposingNormalizerBorrowed::new_nfc().normalize(name);
    let upper = composed.chars().map(|c| single(c.to_uppercase(), c));
    upper.map(|c| single(c.to_lowercase(), c)).collect()
}

#[cfg(test)]
mod tests;
