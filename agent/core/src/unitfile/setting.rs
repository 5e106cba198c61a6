//! Container settings whose key depends on the text.

use super::mount::is_plain;
use super::word::{Reader, check, check_path};
use super::{EscapeError, Mount, Value};

/// A key of `[Container]` with its value. Quadlet's own key where that carries
/// the text, otherwise `PodmanArgs=`, which carries any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    key: &'static str,
    value: Value,
}

impl Setting {
    /// A mount: `Mount=`.
    ///
    /// # Errors
    /// A source or target that is not an absolute path without `..` of at most
    /// [`PATH_MAX`](super::PATH_MAX) bytes, a volume name that Podman would not
    /// take, a carriage return before a line feed, which Podman makes a line feed,
    /// and what [the module](super) lists.
    pub fn mount(mount: &Mount) -> Result<Self, EscapeError> {
        if mount.fits_mount_key() {
            Ok(Self { key: "Mount", value: mount.mount_key_value()? })
        } else {
            Self::option(mount.option(), &mount.record()?)
        }
    }

    /// The directory in the container where the command starts: `WorkingDir=`.
    ///
    /// # Errors
    /// A path that is not absolute, has `..` in it or more than
    /// [`PATH_MAX`](super::PATH_MAX) bytes, and what [the module](super) lists.
    pub fn working_dir(path: &str) -> Result<Self, EscapeError> {
        check_path("a working directory", path)?;
        if is_plain(path) {
            Ok(Self { key: "WorkingDir", value: Value::words(&[path], &["--workdir", path]) })
        } else {
            Self::option("--workdir", path)
        }
    }

    /// The key.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.value
    }

    pub(super) fn into_parts(self) -> (&'static str, Value) {
        (self.key, self.value)
    }

    fn option(name: &str, text: &str) -> Result<Self, EscapeError> {
        let word = format!("{name}={text}");
        check(&word, Reader::Quadlet)?;
        Ok(Self { key: "PodmanArgs", value: Value::words(&[&word], &[&word]) })
    }
}
