//! What the display's image has for the sound server to load.
//!
//! A program that plays can name what is loaded, and some of it, `PipeWire`'s filter graphs among it, loads any library by
//! its path. A game has memory that the display server maps, and so a path there: what it loads runs beside the streamer.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::FileType;
use std::io;
use std::path::{Path, PathBuf};

/// The one list, which the image is built by too: a file a line, below the directory of the libraries.
pub(super) const MODULES: &str = include_str!("../../../../../quadlet/images/display/modules");

/// Where the programs are told to look, and nowhere else, by the directories of [`MODULES`].
const VARIABLES: [(&str, &str); 3] = [
    ("PIPEWIRE_MODULE_DIR", "pipewire-0.3"),
    ("SPA_PLUGIN_DIR", "spa-0.2"),
    ("WIREPLUMBER_MODULE_DIR", "wireplumber-0.5"),
];

/// Why no sound server is started in this image.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the display image has {}, with which a game could load code of its own: {REMEDY}", .0.display())]
    Unlisted(PathBuf),
    #[error("the display image lacks {}, which the sound server needs: {REMEDY}", .0.display())]
    Missing(PathBuf),
    #[error("cannot look at {} of the display image: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
}

/// What the user can do about an image that is another one than this streamer's.
const REMEDY: &str = "build it anew with 'systemctl --user start dillinger-display-build.service', or name another one in \
                      [images] of the settings";

/// An image that has what is listed and nothing else.
#[derive(Debug)]
pub(super) struct Image {
    /// The directory of the libraries.
    libraries: PathBuf,
}

impl Image {
    /// Looks at the image of this container. It is read-only: what is there stays as it is.
    pub(super) fn look() -> Result<Self, Error> {
        let triplet = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
        let places = [triplet.as_str(), "/usr/lib64", "/usr/lib"].map(Path::new);
        let place = places.into_iter().find(|place| VARIABLES.iter().any(|(_, top)| place.join(top).exists()));
        Self::look_at(place.unwrap_or(places[0]), MODULES)
    }

    fn look_at(libraries: &Path, modules: &str) -> Result<Self, Error> {
        let listed = parse(modules);
        let mut seen = BTreeSet::new();
        for (_, top) in VARIABLES {
            look_below(libraries, Path::new(top), &listed, &mut seen)?;
        }
        match listed.difference(&seen).next() {
            Some(missing) => Err(Error::Missing(libraries.join(missing))),
            None => Ok(Self { libraries: libraries.to_owned() }),
        }
    }

    /// What the programs are told by their environment.
    pub(super) fn environment(&self) -> [(&'static str, PathBuf); 3] {
        VARIABLES.map(|(name, top)| (name, self.libraries.join(top)))
    }
}

/// The files that a list names.
fn parse(modules: &str) -> BTreeSet<PathBuf> {
    let lines = modules.lines().filter_map(|line| line.split('#').next()).map(str::trim);
    lines.filter(|line| !line.is_empty()).map(PathBuf::from).collect()
}

/// Notes in `seen` which of the listed files are in a directory, and refuses everything else there.
fn look_below(
    libraries: &Path,
    directory: &Path,
    listed: &BTreeSet<PathBuf>,
    seen: &mut BTreeSet<PathBuf>,
) -> Result<(), Error> {
    for (name, kind) in entries(&libraries.join(directory))? {
        let path = directory.join(name);
        let leads_to_one = || listed.iter().any(|one| one.starts_with(&path));
        if kind.is_dir() && leads_to_one() {
            look_below(libraries, &path, listed, seen)?;
        } else if kind.is_file() && listed.contains(&path) {
            seen.insert(path);
        } else {
            // A link too: what it leads to is not what the list means.
            return Err(Error::Unlisted(libraries.join(path)));
        }
    }
    Ok(())
}

/// What a directory has, in order. Nothing if there is no such directory.
fn entries(path: &Path) -> Result<Vec<(OsString, FileType)>, Error> {
    let read = || -> io::Result<Vec<(OsString, FileType)>> {
        let entries =
            std::fs::read_dir(path)?.map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?))));
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(|source| Error::Unreadable { path: path.to_owned(), source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    /// The libraries of an image as it should be.
    fn good() -> TempDir {
        let libraries = tempfile::tempdir().unwrap();
        for file in parse(MODULES) {
            put(libraries.path(), file);
        }
        libraries
    }

    fn put(libraries: &Path, file: impl AsRef<Path>) {
        let path = libraries.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }

    fn refusal(libraries: &TempDir) -> Error {
        Image::look_at(libraries.path(), MODULES).unwrap_err()
    }

    fn unlisted(libraries: &TempDir, name: &str) {
        match refusal(libraries) {
            Error::Unlisted(path) => assert_eq!(path, libraries.path().join(name)),
            other => panic!("{name}: {other}"),
        }
    }

    #[test]
    fn a_good_image_is_where_the_programs_look() {
        let libraries = good();
        put(libraries.path(), "libc.so.6");
        put(libraries.path(), "gstreamer-1.0/libgstapp.so");
        let image = Image::look_at(libraries.path(), MODULES).unwrap();
        assert_eq!(image.environment()[1], ("SPA_PLUGIN_DIR", libraries.path().join("spa-0.2")));
    }

    #[test]
    fn the_list_has_no_directory_that_is_not_looked_at() {
        for file in parse(MODULES) {
            assert!(VARIABLES.iter().any(|(_, top)| file.starts_with(top)), "{}", file.display());
            assert_eq!(file.extension(), Some(OsStr::new("so")), "{}", file.display());
        }
    }

    #[test]
    fn what_is_not_listed_is_refused() {
        for more in [
            "spa-0.2/filter-graph/libspa-filter-graph.so",
            "spa-0.2/support/libspa-journal.so",
            "spa-0.2/libspa.so",
            "pipewire-0.3/libpipewire-module-filter-chain.so",
            "pipewire-0.3/.libpipewire-module-access.so",
            "wireplumber-0.5/libwireplumber-module-logind.so",
        ] {
            let libraries = good();
            put(libraries.path(), more);
            let named = more.strip_suffix("/libspa-filter-graph.so").unwrap_or(more);
            unlisted(&libraries, named);
        }
    }

    #[test]
    fn an_empty_directory_is_refused() {
        let libraries = good();
        fs::create_dir(libraries.path().join("spa-0.2/filter-graph")).unwrap();
        unlisted(&libraries, "spa-0.2/filter-graph");
    }

    #[test]
    fn a_link_is_not_what_is_listed() {
        let listed = "spa-0.2/support/libspa-support.so";
        let libraries = good();
        put(libraries.path(), "elsewhere.so");
        fs::remove_file(libraries.path().join(listed)).unwrap();
        symlink(libraries.path().join("elsewhere.so"), libraries.path().join(listed)).unwrap();
        unlisted(&libraries, listed);

        let libraries = good();
        fs::rename(libraries.path().join("spa-0.2/support"), libraries.path().join("support")).unwrap();
        symlink("../support", libraries.path().join("spa-0.2/support")).unwrap();
        unlisted(&libraries, "spa-0.2/support");
    }

    #[test]
    fn a_directory_is_not_the_file_that_is_listed() {
        let listed = "pipewire-0.3/libpipewire-module-access.so";
        let libraries = good();
        fs::remove_file(libraries.path().join(listed)).unwrap();
        fs::create_dir(libraries.path().join(listed)).unwrap();
        assert!(matches!(refusal(&libraries), Error::Missing(path) if path == libraries.path().join(listed)));
    }

    #[test]
    fn what_is_missing_is_named() {
        for file in parse(MODULES) {
            let libraries = good();
            fs::remove_file(libraries.path().join(&file)).unwrap();
            assert!(matches!(refusal(&libraries), Error::Missing(path) if path == libraries.path().join(&file)));
        }
        let empty = tempfile::tempdir().unwrap();
        assert!(matches!(refusal(&empty), Error::Missing(_)));
    }

    #[test]
    fn what_cannot_be_looked_at_is_refused() {
        let libraries = good();
        fs::remove_dir_all(libraries.path().join("wireplumber-0.5")).unwrap();
        fs::write(libraries.path().join("wireplumber-0.5"), "").unwrap();
        assert!(matches!(refusal(&libraries), Error::Unreadable { .. }));
    }

    #[test]
    fn the_refusal_says_what_to_do() {
        let text = Error::Unlisted(PathBuf::from("/usr/lib/x/spa-0.2/filter-graph")).to_string();
        assert!(text.contains("/usr/lib/x/spa-0.2/filter-graph"), "{text}");
        assert!(text.contains("dillinger-display-build.service"), "{text}");
    }
}
