//! What Podman said, kept as long as it holds.
//!
//! A question to Podman costs a process start and a storage lock, up to half a
//! second on a slow host; a session start must not pay that each time. Answers
//! are checked with one stat(2): Podman replaces `images.json` whenever an image
//! comes or goes, and the directory of a volume goes with the volume. Only
//! positive answers are kept.

use super::client::{ImageFact, Podman};
use super::error::PodmanError;
use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Most answers of a kind that are kept.
const ENTRIES_MAX: usize = 256;

/// Identifies one state of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    mtime: (i64, i64),
}

impl Stamp {
    /// The state of a file that is replaced when its content changes.
    fn of_file(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { size: metadata.size(), mtime: (metadata.mtime(), metadata.mtime_nsec()), ..Self::of(&metadata) })
    }

    /// The identity of a directory, whatever happens in it.
    fn of_directory(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
        Some(Self::of(&metadata))
    }

    fn of(metadata: &std::fs::Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino(), size: 0, mtime: (0, 0) }
    }
}

#[derive(Debug, Default)]
struct Answers {
    images: HashMap<String, (Stamp, ImageFact)>,
    volumes: HashMap<String, (Stamp, PathBuf)>,
}

/// Answers of [`Podman`] about images and volumes.
#[derive(Debug)]
pub struct PodmanCache {
    podman: Arc<Podman>,
    answers: Mutex<Answers>,
    /// Many starts at once ask once: the others wait here for the answer. For a
    /// Podman that starts they wait before, all at once.
    asking: tokio::sync::Mutex<()>,
}

impl PodmanCache {
    /// An empty cache before `podman`.
    pub fn new(podman: Arc<Podman>) -> Self {
        Self { podman, answers: Mutex::default(), asking: tokio::sync::Mutex::new(()) }
    }

    /// As [`Podman::image`].
    ///
    /// # Errors
    /// Those of [`Podman::image`].
    pub async fn image(&self, name: &str) -> Result<Option<ImageFact>, PodmanError> {
        if let Some(image) = self.known_image(name) {
            return Ok(Some(image));
        }
        self.podman.awake().await?;
        let _turn = self.asking.lock().await;
        if let Some(image) = self.known_image(name) {
            return Ok(Some(image));
        }
        let image = self.podman.image(name).await?;
        let Some(stamp) = image.as_ref().and_then(index_stamp) else { return Ok(image) };
        // Asked again, since a change before the stamp was taken must not be
        // missed. Podman's service runs now, so this one is quick.
        let image = self.podman.image(name).await?;
        if let Some(image) = &image {
            self.with(|answers| keep(&mut answers.images, name, (stamp, image.clone())));
        }
        Ok(image)
    }

    /// As [`Podman::volume_mountpoint`].
    ///
    /// # Errors
    /// Those of [`Podman::volume_mountpoint`].
    pub async fn volume_mountpoint(&self, name: &str) -> Result<Option<PathBuf>, PodmanError> {
        if let Some(mountpoint) = self.known_volume(name) {
            return Ok(Some(mountpoint));
        }
        self.podman.awake().await?;
        let _turn = self.asking.lock().await;
        if let Some(mountpoint) = self.known_volume(name) {
            return Ok(Some(mountpoint));
        }
        let mountpoint = self.podman.volume_mountpoint(name).await?;
        if let Some(mountpoint) = &mountpoint
            && let Some(stamp) = Stamp::of_directory(mountpoint)
        {
            self.with(|answers| keep(&mut answers.volumes, name, (stamp, mountpoint.clone())));
        }
        Ok(mountpoint)
    }

    fn known_image(&self, name: &str) -> Option<ImageFact> {
        self.with(|answers| {
            let (stamp, image) = answers.images.get(name)?;
            (index_stamp(image)? == *stamp).then(|| image.clone())
        })
    }

    fn known_volume(&self, name: &str) -> Option<PathBuf> {
        self.with(|answers| {
            let (stamp, mountpoint) = answers.volumes.get(name)?;
            (Stamp::of_directory(mountpoint)? == *stamp).then(|| mountpoint.clone())
        })
    }

    fn with<T>(&self, use_answers: impl FnOnce(&mut Answers) -> T) -> T {
        use_answers(&mut self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn index_stamp(image: &ImageFact) -> Option<Stamp> {
    image.index.as_deref().and_then(Stamp::of_file)
}

fn keep<T>(answers: &mut HashMap<String, T>, name: &str, answer: T) {
    if answers.len() >= ENTRIES_MAX {
        answers.clear();
    }
    answers.insert(name.to_owned(), answer);
}
