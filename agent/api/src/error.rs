//! Errors of the contract by their D-Bus names.

use crate::names;
use zbus::DBusError;

/// An error of the agent; the text is one line for people. The D-Bus name is the name of the
/// variant below [`names::ERROR_PREFIX`].
#[derive(Debug, Clone, PartialEq, DBusError)]
#[zbus(prefix = "org.dillinger.Runner1.Error", impl_display = false)]
pub enum Error {
    /// The bus, or an error that is none of the contract.
    #[zbus(error)]
    ZBus(zbus::Error),
    /// A value has the wrong type, form or range, or is missing; every bad key is named.
    InvalidRequest(String),
    /// A key that the contract does not have.
    UnknownKey(String),
    /// No session has this id.
    NoSuchSession(String),
    /// Another request has this id already.
    AlreadyExists(String),
    /// More than the settings of this host permit, of a resource or of sessions.
    LimitExceeded(String),
    /// The caller may not do this.
    NotAuthorized(String),
    /// The image is neither on the host nor can it be pulled.
    ImageMissing(String),
    /// A GPU that was asked for is not there or cannot be used.
    GpuUnavailable(String),
    /// The display that was asked for is not there or cannot be used.
    DisplayUnavailable(String),
    /// The library is missing or cannot be read.
    LibraryUnavailable(String),
    /// This host, or this version, cannot do it.
    Unsupported(String),
    /// Not now: the session is in a state that does not permit it, or too much of the kind goes on already.
    Busy(String),
    /// systemd refused or failed.
    SystemdFailed(String),
    /// Podman refused or failed.
    PodmanFailed(String),
    /// No prefix has this name.
    NoSuchPrefix(String),
    /// There are no saves of this name.
    NoSuchSaves(String),
    /// The file system refused to read or write what the agent keeps, as one that is full.
    StorageFailed(String),
}

impl Error {
    /// Name of the error without its prefix, for example `NoSuchSession`; the whole name where it
    /// is not one of the contract.
    #[must_use]
    pub fn short_name(&self) -> String {
        let name = self.full_name();
        match name.strip_prefix(names::ERROR_PREFIX) {
            Some(short) => short.trim_start_matches('.').to_owned(),
            None => name,
        }
    }

    /// D-Bus name of the error.
    #[must_use]
    pub fn full_name(&self) -> String {
        match self {
            Self::ZBus(zbus::Error::MethodError(name, _, _)) => name.to_string(),
            Self::ZBus(zbus::Error::FDO(error)) => error.name().to_string(),
            other => other.name().to_string(),
        }
    }

    /// The text for people.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::ZBus(zbus::Error::MethodError(name, text, _)) => text.clone().unwrap_or_else(|| name.to_string()),
            Self::ZBus(zbus::Error::FDO(error)) => {
                error.description().map_or_else(|| error.name().to_string(), str::to_owned)
            }
            Self::ZBus(error) => error.to_string(),
            other => other.description().unwrap_or_default().to_owned(),
        }
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_below_the_prefix() {
        let error = Error::NoSuchSession("no session abcd".to_owned());
        assert_eq!(error.full_name(), "org.dillinger.Runner1.Error.NoSuchSession");
        assert_eq!(error.short_name(), "NoSuchSession");
        assert_eq!(error.to_string(), "no session abcd");
        let foreign = Error::ZBus(zbus::fdo::Error::ServiceUnknown("not there".into()).into());
        assert_eq!(foreign.short_name(), "org.freedesktop.DBus.Error.ServiceUnknown");
        assert_eq!(foreign.message(), "not there");
    }

    #[test]
    fn the_manager_xml_names_every_error() {
        let text = crate::xml::MANAGER;
        for name in [
            "InvalidRequest",
            "UnknownKey",
            "NoSuchSession",
            "AlreadyExists",
            "LimitExceeded",
            "NotAuthorized",
            "ImageMissing",
            "GpuUnavailable",
            "DisplayUnavailable",
            "LibraryUnavailable",
            "Unsupported",
            "Busy",
            "SystemdFailed",
            "PodmanFailed",
            "NoSuchPrefix",
            "NoSuchSaves",
            "StorageFailed",
        ] {
            assert!(text.contains(name), "{name}");
        }
    }
}
