//! Mounts of a container.

use super::word::{Reader, check, check_line_ends, check_path};
use super::{EscapeError, Value};

/// One mount, as `podman run --mount` takes it (podman-run(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// A path of the host.
    Bind {
        /// Absolute path on the host.
        source: String,
        /// Absolute path in the container.
        target: String,
        /// Whether the container may not write to it.
        read_only: bool,
    },
    /// A Podman volume, created by Podman if it does not exist.
    Volume {
        /// The volume's name.
        name: String,
        /// Absolute path in the container.
        target: String,
        /// Whether the container may not write to it.
        read_only: bool,
    },
    /// A directory of the host with another one over it that takes the changes
    /// (podman-run(1), `--volume`, "Overlay Volume Mounts").
    Overlay {
        /// Absolute path on the host of what stays as it is.
        source: String,
        /// Absolute path in the container.
        target: String,
        /// Absolute paths on the host of the directory that takes the changes and of
        /// the one that overlayfs works in; without them the changes are thrown away.
        layer: Option<(String, String)>,
    },
    /// An empty file system in memory.
    Tmpfs {
        /// Absolute path in the container.
        target: String,
        /// Most bytes it may hold; none: half of the memory.
        size: Option<u64>,
        /// Mode of its root directory, such as `0o1777`.
        mode: Option<u32>,
        /// Whether its root directory belongs to the container's user.
        owned: bool,
    },
}

impl Mount {
    /// The record of `--mount`: comma separated values, quoted as Go's
    /// `encoding/csv` reads them.
    pub(super) fn record(&self) -> Result<String, EscapeError> {
        let fields = match self {
            Self::Bind { source, target, read_only } => {
                check_mount_path("a mount's source", source)?;
                with_target("type=bind", Some(source), target, *read_only)?
            }
            Self::Volume { name, target, read_only } => {
                check_volume_name(name)?;
                with_target("type=volume", Some(name), target, *read_only)?
            }
            Self::Overlay { source, target, layer } => return overlay(source, target, layer.as_ref()),
            Self::Tmpfs { target, size, mode, owned } => {
                let mut fields = with_target("type=tmpfs", None, target, false)?;
                fields.extend(size.map(|bytes| format!("tmpfs-size={bytes}")));
                fields.extend(mode.map(|mode| format!("tmpfs-mode={mode:o}")));
                fields.extend(owned.then(|| "chown=true".to_owned()));
                fields
            }
        };
        Ok(fields.iter().map(|field| quoted_field(field)).collect::<Vec<_>>().join(","))
    }

    /// The option of podman-run(1) that takes the record.
    pub(super) fn option(&self) -> &'static str {
        match self {
            Self::Overlay { .. } => "--volume",
            Self::Bind { .. } | Self::Volume { .. } | Self::Tmpfs { .. } => "--mount",
        }
    }

    /// Whether Quadlet's own `Mount=` carries it. It copies the source into
    /// `RequiresMountsFor=` without quoting before Podman 5.8, and takes a volume
    /// with one of these endings for another Quadlet file.
    pub(super) fn fits_mount_key(&self) -> bool {
        match self {
            Self::Bind { source, .. } => is_plain(source),
            Self::Volume { name, .. } => !QUADLET_ENDINGS.iter().any(|ending| name.ends_with(ending)),
            // Quadlet looks at the source of a `Volume=`, and `Mount=` has no overlays.
            Self::Overlay { .. } => false,
            Self::Tmpfs { .. } => true,
        }
    }

    /// The value of Quadlet's `Mount=`.
    pub(super) fn mount_key_value(&self) -> Result<Value, EscapeError> {
        let record = self.record()?;
        check(&record, Reader::Quadlet)?;
        Ok(Value::words(&[&record], &["--mount", &record]))
    }
}

const QUADLET_ENDINGS: [&str; 3] = [".volume", ".image", ".artifact"];

/// Whether a path means itself in any unit file key.
pub(super) fn is_plain(path: &str) -> bool {
    !path.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '\\' | '$' | '%' | ';' | '#'))
}

fn with_target(kind: &str, source: Option<&str>, target: &str, read_only: bool) -> Result<Vec<String>, EscapeError> {
    check_mount_path("a mount's target", target)?;
    let mut fields = vec![kind.to_owned()];
    fields.extend(source.map(|source| format!("source={source}")));
    fields.push(format!("target={target}"));
    if read_only {
        fields.push("ro=true".to_owned());
    }
    Ok(fields)
}

/// `SOURCE:TARGET:O,upperdir=…,workdir=…`, which has no way to quote.
fn overlay(source: &str, target: &str, layer: Option<&(String, String)>) -> Result<String, EscapeError> {
    let paths = [source, target].into_iter().chain(layer.iter().flat_map(|(upper, work)| [upper.as_str(), work]));
    for path in paths {
        check_mount_path("a path of an overlay", path)?;
        // What overlayfs splits its options at, too.
        if let Some((offset, character)) = path.char_indices().find(|(_, c)| matches!(c, ':' | ',' | '\\')) {
            return Err(EscapeError::Character { offset, character, reason: "a path of an overlay has no : , and \\" });
        }
    }
    let layer = layer.map(|(upper, work)| format!(",upperdir={upper},workdir={work}")).unwrap_or_default();
    Ok(format!("{source}:{target}:O{layer}"))
}

fn check_mount_path(what: &'static str, path: &str) -> Result<(), EscapeError> {
    check_path(what, path)?;
    check_line_ends(path)
}

fn check_volume_name(name: &str) -> Result<(), EscapeError> {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    if first && rest && name.len() <= 255 {
        Ok(())
    } else {
        Err(EscapeError::Form {
            what: "a volume's name",
            expected: "1 to 255 of A-Z a-z 0-9 _ . -, beginning with a letter or digit",
        })
    }
}

fn quoted_field(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
