//! What can go wrong with Podman, by what the caller can do about it.

use dillinger_runner_api::Error as ApiError;
use std::time::Duration;

/// A failure of Podman or of the way to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PodmanError {
    /// Nobody answers on the user's Podman socket and it cannot be started.
    #[error("podman's socket cannot be used: {0}")]
    Unavailable(String),
    /// The text cannot be a name of that kind.
    #[error("{name:?} is not the name of {kind}")]
    InvalidName {
        /// "an image" or "a volume".
        kind: &'static str,
        /// The text.
        name: String,
    },
    /// The image is not in the user's storage, and pulling was not allowed or
    /// makes no sense.
    #[error("image {image} is not in the user's storage: {reason}")]
    NoSuchImage {
        /// The image.
        image: String,
        /// Why it was not pulled.
        reason: String,
    },
    /// The registry has no such image.
    #[error("image {image} does not exist: {message}")]
    NotFound {
        /// The image.
        image: String,
        /// Podman's words.
        message: String,
    },
    /// The registry refuses; a login may be missing.
    #[error("image {image} may not be pulled, podman login(1) may help: {message}")]
    Denied {
        /// The image.
        image: String,
        /// Podman's words.
        message: String,
    },
    /// The registry does not answer.
    #[error("the registry of image {image} cannot be reached: {message}")]
    Unreachable {
        /// The image.
        image: String,
        /// Podman's words.
        message: String,
    },
    /// Podman's service answered nothing at all.
    #[error("podman did not answer within {} s; see systemctl --user status podman.service", after.as_secs())]
    Silent {
        /// How long was waited.
        after: Duration,
    },
    /// Podman did not answer in time.
    #[error("podman gave no answer to {what} within {} s", after.as_secs())]
    TimedOut {
        /// What was asked.
        what: &'static str,
        /// How long was waited.
        after: Duration,
    },
    /// Podman answered with another error.
    #[error("podman failed to {what}: {message}")]
    Failed {
        /// What was asked.
        what: &'static str,
        /// Podman's words.
        message: String,
    },
}

impl From<PodmanError> for ApiError {
    fn from(error: PodmanError) -> Self {
        let message = error.to_string();
        match error {
            PodmanError::InvalidName { .. } => Self::InvalidRequest(message),
            PodmanError::NoSuchImage { .. }
            | PodmanError::NotFound { .. }
            | PodmanError::Denied { .. }
            | PodmanError::Unreachable { .. } => Self::ImageMissing(message),
            PodmanError::Unavailable(_)
            | PodmanError::Silent { .. }
            | PodmanError::TimedOut { .. }
            | PodmanError::Failed { .. } => Self::PodmanFailed(message),
        }
    }
}

/// Words of registries and of Go's network library, lower case, by what they
/// mean. The order counts: a refused login also says "not found" at times.
const DENIED: [&str; 5] = [
    "unauthorized",
    "authentication required",
    "access to the resource is denied",
    "access forbidden",
    "403 (forbidden)",
];
const NOT_FOUND: [&str; 6] = [
    "manifest unknown",
    "name unknown",
    "repository name not known",
    "404 (not found)",
    "did not resolve to an alias",
    "name invalid",
];
const UNREACHABLE: [&str; 8] = [
    "no such host",
    "connection refused",
    "network is unreachable",
    "no route to host",
    "i/o timeout",
    "deadline exceeded",
    "tls: ",
    "dial tcp",
];

/// Sorts a failed pull by the words of Podman.
pub(super) fn of_pull(image: &str, message: &str) -> PodmanError {
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let (image, message) = (image.to_owned(), message.trim().to_owned());
    if says(&DENIED) {
        PodmanError::Denied { image, message }
    } else if says(&NOT_FOUND) {
        PodmanError::NotFound { image, message }
    } else if says(&UNREACHABLE) {
        PodmanError::Unreachable { image, message }
    } else {
        PodmanError::Failed { what: "pull the image", message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_failures_are_told_apart() {
        let kind = |message: &str| match of_pull("r.example/a:1", message) {
            PodmanError::Denied { .. } => "denied",
            PodmanError::NotFound { .. } => "not found",
            PodmanError::Unreachable { .. } => "unreachable",
            _ => "failed",
        };
        for (message, expected) in [
            (
                "initializing source docker://r.example/a:1: reading manifest 1 in r.example/a: manifest unknown",
                "not found",
            ),
            ("initializing source: reading manifest 1: unauthorized: authentication required", "denied"),
            ("requested access to the resource is denied", "denied"),
            (
                "pinging container registry r.example: Get \"https://r.example/v2/\": dial tcp: lookup r.example: no such host",
                "unreachable",
            ),
            ("pinging container registry localhost:1: dial tcp [::1]:1: connect: connection refused", "unreachable"),
            (
                "short-name \"a\" did not resolve to an alias and no unqualified-search registries are defined",
                "not found",
            ),
            ("writing blob: no space left on device", "failed"),
        ] {
            assert_eq!(kind(message), expected, "{message}");
        }
    }

    #[test]
    fn errors_have_names_of_the_contract() {
        let name = |error: PodmanError| ApiError::from(error).short_name();
        assert_eq!(name(PodmanError::Unavailable("x".into())), "PodmanFailed");
        assert_eq!(name(PodmanError::Silent { after: Duration::from_secs(90) }), "PodmanFailed");
        assert_eq!(name(of_pull("a", "manifest unknown")), "ImageMissing");
        assert_eq!(name(PodmanError::InvalidName { kind: "an image", name: "a b".into() }), "InvalidRequest");
    }
}
