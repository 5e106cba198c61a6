//! Podman's storage: its driver, the default image, the library.

use super::finding::{Finding, Subject};
use crate::podman::{ImageFact, PodmanError, PodmanInfo};
use dillinger_runner_core::policy::{DEFAULT_DISPLAY_IMAGE, DEFAULT_IMAGE, DEFAULT_WINE_IMAGE, DISPLAY_INTERFACE};
use dillinger_runner_core::request::Library;
use serde::Deserialize;
use std::path::Path;

pub(super) const DRIVER: Subject = Subject {
    id: "storage-driver",
    why: "the driver decides how fast a container starts and how much disk each image takes",
};
pub(super) const IMAGE: Subject =
    Subject { id: "default-image", why: "sessions whose request names no image run in the default image" };
pub(super) const DISPLAY_IMAGE: Subject = Subject {
    id: "display-image",
    why: "the display of a streamed session runs in this image, without which Display=stream is refused",
};
pub(super) const PREWARMED: Subject = Subject {
    id: "default-image-prewarmed",
    why: "the first container of a user with keep-id copies the whole image, which otherwise happens at the first start",
};
pub(super) const LIBRARY: Subject =
    Subject { id: "library", why: "sessions see the game library read-only at /library and are refused without it" };

pub(super) fn judge_driver(info: &Result<PodmanInfo, PodmanError>) -> Finding {
    let info = match info {
        Ok(info) => info,
        Err(error) => return DRIVER.unknown(error),
    };
    match (info.driver.as_str(), &info.mount_program) {
        ("overlay", None) => DRIVER.ok("overlay, mounted by the kernel"),
        ("overlay", Some(program)) => DRIVER.warning(
            format!("overlay, mounted by {program} in user space, which is slower than the kernel's own"),
            "remove mount_program from ~/.config/containers/storage.conf and /etc/containers/storage.conf, \
             then podman system reset (this removes all images and containers)",
        ),
        ("vfs", _) => DRIVER.warning(
            "vfs, which copies the whole image for each container",
            "set driver = \"overlay\" in ~/.config/containers/storage.conf, then podman system reset \
             (this removes all images and containers)",
        ),
        (other, _) => DRIVER.ok(other),
    }
}

pub(super) fn judge_image(subject: Subject, name: &str, image: &Result<Option<ImageFact>, PodmanError>) -> Finding {
    let missing = format!("{name} is not in the storage");
    match image {
        Ok(Some(image)) => subject.ok(format!("{name} is in the storage, {} MiB", image.size >> 20)),
        Ok(None) => subject.warning(missing, remedy(name)),
        Err(error) => subject.unknown(error),
    }
}

pub(super) fn judge_display_image(name: &str, image: &Result<Option<ImageFact>, PodmanError>) -> Finding {
    match image {
        Ok(Some(fact)) if fact.display.as_deref() != Some(DISPLAY_INTERFACE) => {
            DISPLAY_IMAGE.warning(format!("{name} was built for another version of dillinger-runner"), remedy(name))
        }
        _ => judge_image(DISPLAY_IMAGE, name, image),
    }
}

/// The command that brings an image; the product's own have units that build them.
fn remedy(name: &str) -> String {
    match name {
        DEFAULT_IMAGE => "systemctl --user start dillinger-base-build.service".to_owned(),
        DEFAULT_DISPLAY_IMAGE => "systemctl --user start dillinger-display-build.service".to_owned(),
        DEFAULT_WINE_IMAGE => "systemctl --user start dillinger-wine-build.service".to_owned(),
        _ if name.starts_with("localhost/") => format!("podman build --tag {name} DIRECTORY"),
        _ => format!("dillingerctl images prepare {name}"),
    }
}

/// The part of an entry of `images.json` that is read; the file's format is
/// that of containers-storage.
#[derive(Debug, Deserialize)]
struct StoredImage {
    id: String,
    #[serde(rename = "mapped-layers", default)]
    mapped_layers: Vec<String>,
}

/// Whether containers-storage has a copy of the image with other owners.
pub(super) fn read_prewarmed(image: &ImageFact) -> Result<bool, String> {
    let index = image.index.as_deref().ok_or_else(|| "podman does not say where the image lies".to_owned())?;
    let text = std::fs::read(index).map_err(|error| format!("{}: {error}", index.display()))?;
    let images: Vec<StoredImage> =
        serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", index.display()))?;
    let image = images.into_iter().find(|stored| stored.id == image.id);
    let image = image.ok_or_else(|| format!("{} does not list the image", index.display()))?;
    Ok(!image.mapped_layers.is_empty())
}

pub(super) fn judge_prewarmed(name: &str, prewarmed: &Result<bool, String>) -> Finding {
    match prewarmed {
        Ok(true) => PREWARMED.ok(format!("{name} is ready to start in")),
        Ok(false) => PREWARMED.warning(
            format!("{name} will be copied at the first start"),
            format!("dillingerctl images prepare {name}"),
        ),
        Err(reason) => PREWARMED.unknown(reason),
    }
}

/// The library's place on the host, `None` when there is no such volume, and
/// whether it can be read.
pub(super) type LibraryPlace = Result<Option<Result<String, String>>, PodmanError>;

/// Whether a directory can be listed: its path, or why not.
pub(super) fn read_directory(path: &Path) -> Result<String, String> {
    let shown = path.display();
    std::fs::read_dir(path).map(|_| shown.to_string()).map_err(|error| format!("{shown}: {error}"))
}

pub(super) fn judge_library(library: &Library, place: &LibraryPlace) -> Finding {
    let name = match library {
        Library::None => return LIBRARY.ok("sessions have no library unless they ask for one"),
        Library::Volume(name) => format!("volume {name}"),
        Library::Directory(path) => format!("directory {path}"),
    };
    match place {
        Ok(Some(Ok(path))) => LIBRARY.ok(format!("{name} is at {path}")),
        Ok(Some(Err(reason))) => {
            LIBRARY.error(format!("{name} cannot be read: {reason}"), "make the directory readable for the user")
        }
        Ok(None) => LIBRARY.error(format!("{name} does not exist"), create_command(library)),
        Err(error) => LIBRARY.unknown(error),
    }
}

fn create_command(library: &Library) -> String {
    match library {
        Library::Volume(name) if name == "dillinger_library" => {
            "systemctl --user start dillinger_library-volume.service".to_owned()
        }
        Library::Volume(name) => format!("podman volume create {name}"),
        Library::Directory(path) => format!("mkdir -p {path}"),
        Library::None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;

    fn podman_down<T>() -> Result<T, PodmanError> {
        Err(PodmanError::Unavailable("nobody listens".to_owned()))
    }

    #[test]
    fn drivers_are_judged() {
        let info = |driver: &str, program: Option<&str>| {
            Ok(PodmanInfo { driver: driver.into(), mount_program: program.map(str::to_owned), ..PodmanInfo::default() })
        };
        for (info, status) in [
            (info("overlay", None), Status::Ok),
            (info("overlay", Some("/usr/bin/fuse-overlayfs")), Status::Warning),
            (info("vfs", None), Status::Warning),
            (info("btrfs", None), Status::Ok),
            (podman_down(), Status::Unknown),
        ] {
            assert_eq!(judge_driver(&info).status, status, "{info:?}");
        }
    }

    #[test]
    fn images_are_judged() {
        let fact = ImageFact { id: "1".into(), runner: None, display: None, size: 5 << 20, index: None };
        let local = "localhost/a";
        assert_eq!(judge_image(IMAGE, local, &Ok(Some(fact))).summary, "localhost/a is in the storage, 5 MiB");
        assert!(judge_image(IMAGE, local, &Ok(None)).remedy.starts_with("podman build"));
        assert_eq!(judge_image(IMAGE, "r.example/a", &Ok(None)).remedy, "dillingerctl images prepare r.example/a");
        assert_eq!(judge_image(IMAGE, local, &podman_down()).status, Status::Unknown);
    }

    #[test]
    fn a_display_goes_with_one_version() {
        let labelled = |label: Option<&str>| {
            let display = label.map(str::to_owned);
            let fact = ImageFact { id: "1".into(), runner: None, display, size: 5 << 20, index: None };
            judge_display_image(DEFAULT_DISPLAY_IMAGE, &Ok(Some(fact)))
        };
        assert_eq!(labelled(Some(DISPLAY_INTERFACE)).status, Status::Ok);
        for wrong in [None, Some(""), Some("0")] {
            let finding = labelled(wrong);
            assert_eq!(finding.status, Status::Warning);
            assert_eq!(finding.remedy, "systemctl --user start dillinger-display-build.service");
        }
        let missing = judge_display_image(DEFAULT_DISPLAY_IMAGE, &Ok(None));
        assert_eq!(missing.remedy, "systemctl --user start dillinger-display-build.service");
    }

    #[test]
    fn a_copy_shows_in_the_index() {
        let root = tempfile::tempdir().unwrap();
        let index = root.path().join("images.json");
        let text = r#"[{"id":"a","layer":"l","mapped-layers":["m"],"names":[]},{"id":"b","layer":"l"}]"#;
        std::fs::write(&index, text).unwrap();
        let judged = |id: &str| {
            let image =
                ImageFact { id: id.to_owned(), runner: None, display: None, size: 1, index: Some(index.clone()) };
            judge_prewarmed("x", &read_prewarmed(&image)).status
        };
        assert_eq!((judged("a"), judged("b"), judged("c")), (Status::Ok, Status::Warning, Status::Unknown));
        std::fs::write(&index, "{").unwrap();
        assert_eq!(judged("a"), Status::Unknown);
    }

    #[test]
    fn libraries_are_judged() {
        let volume = Library::Volume("dillinger_library".to_owned());
        let directory = Library::Directory("/srv/games".to_owned());
        for (library, place, status, remedy) in [
            (&volume, Ok(Some(Ok("/v/_data".to_owned()))), Status::Ok, ""),
            (&volume, Ok(None), Status::Error, "systemctl --user start dillinger_library-volume.service"),
            (&Library::Volume("x".to_owned()), Ok(None), Status::Error, "podman volume create x"),
            (&directory, Ok(Some(Err("denied".to_owned()))), Status::Error, "make the directory readable for the user"),
            (&Library::None, Ok(None), Status::Ok, ""),
            (&volume, podman_down(), Status::Unknown, ""),
        ] {
            let finding = judge_library(library, &place);
            assert_eq!((finding.status, finding.remedy.as_str()), (status, remedy), "{library:?} {place:?}");
        }
    }
}
