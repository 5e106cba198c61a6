//! How large a tree is.

use super::Mark;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Sizes of a tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measure {
    /// Space on the disk in bytes; blocks that two files share count twice.
    pub bytes: u64,
    /// Files and symbolic links.
    pub files: u64,
    /// When a file or directory was last modified, realtime µs; 0 in an empty tree.
    pub modified_usec: u64,
}

impl Measure {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            files: self.files.saturating_add(other.files),
            modified_usec: self.modified_usec.max(other.modified_usec),
        }
    }
}

/// Measures a tree; one that is not there is empty. What cannot be read is left out.
pub fn measure(path: &Path) -> Measure {
    let mut sum = Measure::default();
    let mut directories: Vec<_> = is_directory(path).then(|| path.to_owned()).into_iter().collect();
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            match path.symlink_metadata() {
                Ok(meta) if meta.is_dir() => {
                    sum.modified_usec = sum.modified_usec.max(modified(&meta));
                    directories.push(path);
                }
                Ok(meta) if !is_whiteout(&path) => sum = sum.and(of_file(&meta)),
                _ => {}
            }
        }
    }
    sum
}

/// Whether a directory is there, and no link to one.
pub fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.is_dir())
}

fn is_whiteout(path: &Path) -> bool {
    matches!(Mark::of(path), Ok(Mark::Whiteout) | Err(_))
}

fn of_file(meta: &std::fs::Metadata) -> Measure {
    Measure { bytes: meta.blocks().saturating_mul(512), files: 1, modified_usec: modified(meta) }
}

fn modified(meta: &std::fs::Metadata) -> u64 {
    let since = meta.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_count_and_whiteouts_do_not() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(measure(&place.path().join("absent")), Measure::default());
        std::fs::create_dir(place.path().join("d")).unwrap();
        std::fs::write(place.path().join("d/f"), vec![1; 10_000]).unwrap();
        Mark::make_whiteout(&place.path().join("gone")).unwrap();
        let measured = measure(place.path());
        assert_eq!(measured.files, 1);
        assert!(measured.bytes >= 10_000 && measured.modified_usec > 1_600_000_000_000_000, "{measured:?}");
    }
}
