//! A directory as a session will see it: a layer over another.

use crate::tree::Mark;
use dillinger_runner_core::wine::find::{Entry, EntryKind};
use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

/// Directories laid over each other, and one that stands in a place of its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Layers {
    /// What stays as it is.
    pub(super) lower: PathBuf,
    /// What was changed, with overlayfs's marks.
    pub(super) upper: Option<PathBuf>,
    /// The names of a directory that is mounted over these, and where it is.
    pub(super) over: Option<(Vec<String>, PathBuf)>,
}

impl Layers {
    /// What is in the directory of these names. Symbolic links are followed in what
    /// stays as it is alone: others a game may have made, and where they lead on the host
    /// is not for it to learn.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub(super) fn list(&self, names: &[String]) -> io::Result<Vec<Entry>> {
        if let Some(directory) = self.mounted(names) {
            return Ok(entries(&directory)?.into_iter().filter_map(own).collect());
        }
        let (above, lower_shows) = self.above(names);
        let above = match above {
            Some(path) => entries(&path)?,
            None => BTreeMap::new(),
        };
        let below = if lower_shows { entries(&join(&self.lower, names)) } else { Ok(BTreeMap::new()) };
        let below = match below {
            // Made by the game, in its own layer alone.
            Err(error) if error.kind() == io::ErrorKind::NotFound && !above.is_empty() => BTreeMap::new(),
            other => other?,
        };
        let hidden = |name: &String| above.contains_key(name);
        let shown: Vec<Entry> = below.into_iter().filter(|(name, _)| !hidden(name)).filter_map(given).collect();
        Ok(above.into_iter().filter_map(own).chain(shown).collect())
    }

    /// The file of these names, which [`Self::list`] told of.
    pub(super) fn path(&self, names: &[String]) -> PathBuf {
        if let Some(path) = self.mounted(names) {
            return path;
        }
        let above = self.upper.as_ref().map(|upper| join(upper, names));
        above.filter(|path| path.symlink_metadata().is_ok()).unwrap_or_else(|| join(&self.lower, names))
    }

    /// The place below the directory that is mounted over the others.
    fn mounted(&self, names: &[String]) -> Option<PathBuf> {
        let (at, directory) = self.over.as_ref()?;
        names.strip_prefix(at.as_slice()).map(|rest| join(directory, rest))
    }

    /// The directory in the upper layer, if it has one, and whether that of the
    /// lower one shows through.
    fn above(&self, names: &[String]) -> (Option<PathBuf>, bool) {
        let Some(upper) = &self.upper else { return (None, true) };
        let (mut path, mut lower_shows) = (upper.clone(), true);
        for name in names {
            path.push(name);
            match Mark::of(&path) {
                Ok(Mark::None) => {}
                Ok(Mark::Opaque | Mark::Whiteout) => lower_shows = false,
                Err(_) => return (None, lower_shows),
            }
        }
        let directory = path.symlink_metadata().is_ok_and(|meta| meta.is_dir());
        (Some(path).filter(|_| directory), lower_shows)
    }
}

fn join(directory: &Path, names: &[String]) -> PathBuf {
    names.iter().fold(directory.to_owned(), |path, name| path.join(name))
}

/// Names with their places. Those that are not UTF-8 no request can name.
fn entries(directory: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let read = std::fs::read_dir(directory)?.filter_map(Result::ok);
    Ok(read.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path()))).collect())
}

/// What a name of the lower layer is, links followed.
fn given((name, path): (String, PathBuf)) -> Option<Entry> {
    entry(name, &path.metadata().ok()?)
}

/// What a name that a game may have made is; nothing for a whiteout and for a link.
fn own((name, path): (String, PathBuf)) -> Option<Entry> {
    entry(name, &path.symlink_metadata().ok()?)
}

fn entry(name: String, meta: &Metadata) -> Option<Entry> {
    let kind = if meta.is_dir() {
        EntryKind::Directory
    } else if meta.is_file() {
        EntryKind::File
    } else {
        return None;
    };
    Some(Entry { name, kind })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(layers: &Layers, path: &[&str]) -> Vec<String> {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        let mut names: Vec<String> = layers.list(&path).unwrap().into_iter().map(|entry| entry.name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_layer_hides_and_adds() {
        let place = tempfile::tempdir().unwrap();
        let at = |path: &str| {
            let path = place.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            path
        };
        for file in ["lower/a.exe", "lower/b.exe", "lower/old/x", "lower/new/below", "upper/new/above", "upper/b.exe"] {
            std::fs::write(at(file), file).unwrap();
        }
        std::fs::write(at("profile/own.exe"), "").unwrap();
        Mark::make_whiteout(&at("upper/a.exe")).unwrap();
        std::fs::create_dir_all(at("upper/old/y")).unwrap();
        Mark::set_opaque(&at("upper/old")).unwrap();
        std::fs::create_dir_all(at("upper/only")).unwrap();
        for link in ["upper/link", "profile/link", "lower/link"] {
            std::os::unix::fs::symlink(place.path().join("lower/old"), at(link)).unwrap();
        }
        std::fs::rename(at("lower/link"), at("lower/given")).unwrap();
        let layers = Layers {
            lower: place.path().join("lower"),
            upper: Some(place.path().join("upper")),
            over: Some((vec!["users".to_owned(), "player".to_owned()], place.path().join("profile"))),
        };
        // The link of the library is followed, those of the game's layer and profile are not.
        assert_eq!(names(&layers, &[]), ["b.exe", "given", "new", "old", "only"]);
        assert_eq!(names(&layers, &["new"]), ["above", "below"]);
        assert_eq!(names(&layers, &["old"]), ["y"]);
        assert_eq!(names(&layers, &["users", "player"]), ["own.exe"]);
        let text = |path: &[&str]| {
            let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
            std::fs::read_to_string(layers.path(&path)).unwrap()
        };
        assert_eq!(text(&["b.exe"]), "upper/b.exe");
        assert_eq!(text(&["new", "below"]), "lower/new/below");
        assert_eq!(text(&["users", "player", "own.exe"]), "");
        assert!(layers.list(&["absent".to_owned()]).is_err());
    }
}
