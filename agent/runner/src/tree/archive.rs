//! Trees as tar archives. An archive that breaks off has no end-of-archive mark (two blocks of zeros, tar(5)): that is how
//! a reader knows that it got all.

use super::unpack::OPAQUE_RECORD;
use super::{Mark, is_directory};
use rustix::fs::{Mode, OFlags};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, Metadata};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// Bytes that are written at once.
const CHUNK: usize = 128 * 1024;

/// A tree to archive.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name of the tree in the archive; empty puts what it holds at the archive's top.
    pub name: PathBuf,
    /// The layers of an overlay, the uppermost first; a plain directory is one layer.
    pub layers: Vec<PathBuf>,
    /// Whether whiteouts and opaque directories are archived, instead of what they do to the layers below.
    pub marks: bool,
    /// A directory of the tree, by its path there, in whose place another one stands.
    pub instead: Option<(PathBuf, PathBuf)>,
}

/// Writes an archive of these trees. Owners are left out.
///
/// # Errors
/// The first; the archive then has no end.
pub fn write(out: impl Write, sources: &[Source]) -> io::Result<()> {
    let mut builder = Builder::new(Gate { out: BufWriter::with_capacity(CHUNK, out), shut: false });
    builder.sparse(false);
    let written = sources.iter().try_for_each(|source| Walk { source, builder: &mut builder }.root());
    if written.is_err() {
        // The builder would end the archive when it is dropped.
        builder.get_mut().shut = true;
    }
    written?;
    builder.into_inner()?.out.flush()
}

/// Lets nothing more through once it is shut.
struct Gate<W: Write> {
    out: BufWriter<W>,
    shut: bool,
}

impl<W: Write> Write for Gate<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.shut { Err(io::ErrorKind::BrokenPipe.into()) } else { self.out.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// One entry of a merged directory.
enum Found {
    /// Deleted.
    Hidden,
    /// A file or link of this path.
    File(PathBuf),
    /// A directory, of these parts; whether more may come from layers below.
    Directory(Vec<PathBuf>, bool),
}

struct Walk<'a, W: Write> {
    source: &'a Source,
    builder: &'a mut Builder<Gate<W>>,
}

impl<W: Write> Walk<'_, W> {
    fn root(&mut self) -> io::Result<()> {
        let layers: Vec<PathBuf> = self.source.layers.iter().filter(|layer| is_directory(layer)).cloned().collect();
        if !self.source.name.as_os_str().is_empty()
            && let Some(first) = layers.first()
        {
            let meta = first.symlink_metadata()?;
            self.entry(&meta, Path::new(""), io::empty())?;
        }
        self.directory(Path::new(""), &layers)
    }

    /// What the directory at `path` of the tree holds.
    fn directory(&mut self, path: &Path, layers: &[PathBuf]) -> io::Result<()> {
        for (name, found) in merge(layers, self.source.marks)? {
            let path = path.join(name);
            match found {
                Found::Hidden => {}
                Found::File(file) => self.file(&path, &file)?,
                Found::Directory(layers, _) => {
                    let instead =
                        self.source.instead.as_ref().filter(|(there, other)| *there == path && is_directory(other));
                    let layers = instead.map_or(layers, |(_, other)| vec![other.clone()]);
                    if let Some(first) = layers.first() {
                        self.opaque(first)?;
                        self.entry(&first.symlink_metadata()?, &path, io::empty())?;
                    }
                    self.directory(&path, &layers)?;
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, file: &Path) -> io::Result<()> {
        let meta = file.symlink_metadata()?;
        let kind = meta.file_type();
        if kind.is_file() {
            let file = open(file)?;
            // Of what was opened, whatever has the name by now.
            let meta = file.metadata()?;
            let left = meta.len();
            return self.entry(&meta, path, Exact { file, left });
        }
        let mut header = header(&meta);
        header.set_size(0);
        let name = self.source.name.join(path);
        if kind.is_symlink() {
            return self.builder.append_link(&mut header, name, std::fs::read_link(file)?);
        }
        if self.source.marks && Mark::of(file)? == Mark::Whiteout {
            header.set_entry_type(EntryType::Char);
            header.set_device_major(0)?;
            header.set_device_minor(0)?;
            return self.builder.append_data(&mut header, name, io::empty());
        }
        // Sockets and pipes of programs that have ended are of no use to anybody.
        Ok(())
    }

    fn opaque(&mut self, directory: &Path) -> io::Result<()> {
        if self.source.marks && Mark::of(directory)? == Mark::Opaque {
            self.builder.append_pax_extensions([(OPAQUE_RECORD, b"y".as_slice())])?;
        }
        Ok(())
    }

    fn entry(&mut self, meta: &Metadata, path: &Path, data: impl Read) -> io::Result<()> {
        let mut header = header(meta);
        self.builder.append_data(&mut header, self.source.name.join(path), data)
    }
}

/// Opens a file and nothing else: neither what a link leads to, nor a pipe that nobody writes to.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::RDONLY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is no file any more", path.display())))
}

fn header(meta: &Metadata) -> Header {
    let mut header = Header::new_gnu();
    header.set_metadata(meta);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// The entries of a directory of several layers, by name.
fn merge(layers: &[PathBuf], marks: bool) -> io::Result<BTreeMap<OsString, Found>> {
    let mut merged: BTreeMap<OsString, Found> = BTreeMap::new();
    for layer in layers {
        for entry in std::fs::read_dir(layer)? {
            let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
            let is_directory = path.symlink_metadata()?.is_dir();
            match merged.get_mut(&name) {
                Some(Found::Directory(parts, open @ true)) if is_directory => {
                    *open = Mark::of(&path)? != Mark::Opaque;
                    parts.push(path);
                }
                Some(Found::Directory(_, open)) => *open = false,
                Some(_) => {}
                None => {
                    merged.insert(name, first(path, is_directory, marks)?);
                }
            }
        }
    }
    Ok(merged)
}

fn first(path: PathBuf, is_directory: bool, marks: bool) -> io::Result<Found> {
    Ok(match Mark::of(&path)? {
        Mark::Whiteout if !marks => Found::Hidden,
        mark if is_directory => Found::Directory(vec![path], mark != Mark::Opaque),
        _ => Found::File(path),
    })
}

/// As many bytes as the header says, or an error: a file that became shorter would shift all that follows.
struct Exact {
    file: File,
    left: u64,
}

impl Read for Exact {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let Some(wanted) = buffer.get_mut(..most).filter(|wanted| !wanted.is_empty()) else { return Ok(0) };
        match self.file.read(wanted)? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a file became shorter while it was read")),
            read => {
                self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
                Ok(read)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(source: Source) -> Vec<String> {
        let mut bytes = Vec::new();
        write(&mut bytes, &[source]).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries = archive.entries().unwrap();
        entries.map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn links_at_the_top_are_not_followed() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::create_dir_all(at("secret")).unwrap();
        std::fs::write(at("secret/key"), "").unwrap();
        std::fs::create_dir_all(at("tree/profile/own")).unwrap();
        symlink(at("secret"), at("layer")).unwrap();
        symlink(at("secret"), at("tree/inner")).unwrap();
        let layers = vec![at("layer"), at("tree")];
        let instead = Some((PathBuf::from("profile"), at("layer")));
        let source = Source { layers, instead, ..Source::default() };
        assert_eq!(names(source), ["inner", "profile", "profile/own"]);
        let named = Source { name: PathBuf::from("home"), layers: vec![at("layer")], ..Source::default() };
        assert_eq!(names(named), Vec::<String>::new());
    }

    #[test]
    fn only_files_are_opened() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        assert!(open(&at("file")).is_ok());
        symlink(at("file"), at("link")).unwrap();
        assert!(open(&at("link")).is_err());
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(open(&at("pipe")).unwrap_err().to_string().contains("is no file any more"));
        assert!(open(place.path()).is_err());
    }
}
