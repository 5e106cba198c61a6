//! Names that are safe in the path of a request to Podman.

use super::error::PodmanError;

/// An image name: `[REGISTRY/]NAME[:TAG][@DIGEST]` or an id.
pub(super) fn image(name: &str) -> Result<&str, PodmanError> {
    checked("an image", name, b"._-/:@", 512)
}

/// A volume name, see podman-volume-create(1).
pub(super) fn volume(name: &str) -> Result<&str, PodmanError> {
    checked("a volume", name, b"._-", 255)
}

fn checked<'a>(kind: &'static str, name: &'a str, more: &[u8], max: usize) -> Result<&'a str, PodmanError> {
    let allowed = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte));
    let starts_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    // The HTTP server resolves such parts, the request would reach another resource.
    let plain = name.split('/').all(|part| !matches!(part, "" | "." | ".."));
    if allowed && starts_well && plain && name.len() <= max {
        return Ok(name);
    }
    Err(PodmanError::InvalidName { kind, name: name.chars().take(80).collect() })
}

/// True for names that Podman gives to what was made on this host; no registry
/// has them.
pub(super) fn is_local(image: &str) -> bool {
    image.starts_with("localhost/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_pass() {
        for name in ["localhost/dillinger/base:latest", "a", "r.example:5000/a/b@sha256:0123", "0123456789ab"] {
            assert_eq!(image(name), Ok(name));
        }
        for name in ["", "a b", "a/../../containers/x", "a//b", "a?force=true", "a#b", "/a", "-a", "ä", "a%2f", "a\n"]
        {
            assert!(image(name).is_err(), "{name}");
        }
        assert!(volume("dillinger_library").is_ok());
        assert!(volume("a/b").is_err());
    }
}
