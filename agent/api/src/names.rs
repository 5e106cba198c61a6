//! Names on the bus, and the way between ids and object paths.

use zbus::OwnedObjectPath;

/// Well-known name of the agent on the session bus.
pub const BUS_NAME: &str = "org.dillinger.Runner1";
/// Object path of the manager, which is also the object manager.
pub const MANAGER_PATH: &str = "/org/dillinger/Runner1";
/// Interface of the manager.
pub const MANAGER_INTERFACE: &str = "org.dillinger.Runner1.Manager";
/// Interface of a session.
pub const SESSION_INTERFACE: &str = "org.dillinger.Runner1.Session";
/// Interface of the display of a streamed session.
pub const STREAM_INTERFACE: &str = "org.dillinger.Runner1.Session.Stream";
/// Interface of a session that runs a Windows program.
pub const WINDOWS_INTERFACE: &str = "org.dillinger.Runner1.Session.Windows";
/// Interface of a job.
pub const JOB_INTERFACE: &str = "org.dillinger.Runner1.Job";
/// Interface of the prefixes of Windows games.
pub const PREFIXES_INTERFACE: &str = "org.dillinger.Runner1.Prefixes";
/// Interface of the saves.
pub const SAVES_INTERFACE: &str = "org.dillinger.Runner1.Saves";
/// What the name of every error begins with.
pub const ERROR_PREFIX: &str = "org.dillinger.Runner1.Error";
/// Version of the contract, the property `ApiVersion` of the manager.
pub const API_VERSION: u32 = 4;

const SESSION_PREFIX: &str = "/org/dillinger/Runner1/session/s";
const JOB_PREFIX: &str = "/org/dillinger/Runner1/job/j";
const ID_DIGITS: usize = 32;

/// The canonical form of a session id, 32 lowercase hexadecimal digits, from that form or from a
/// UUID with dashes, in any case. `None` if the text is neither.
#[must_use]
pub fn canonical_id(text: &str) -> Option<String> {
    let dashed = text.len() == ID_DIGITS + 4;
    let dashes_fit =
        text.bytes().enumerate().all(|(at, byte)| (byte == b'-') == (dashed && matches!(at, 8 | 13 | 18 | 23)));
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let hex = digits.len() == ID_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    (dashes_fit && hex).then(|| digits.to_ascii_lowercase())
}

/// Object path of the session with this id, in any form that [`canonical_id`] takes.
#[must_use]
pub fn session_path(id: &str) -> Option<OwnedObjectPath> {
    let id = canonical_id(id)?;
    OwnedObjectPath::try_from(format!("{SESSION_PREFIX}{id}")).ok()
}

/// The canonical id of the session with this object path.
#[must_use]
pub fn session_id(path: &str) -> Option<&str> {
    let id = path.strip_prefix(SESSION_PREFIX)?;
    (canonical_id(id)? == id).then_some(id)
}

/// Object path of the job with this number.
#[must_use]
pub fn job_path(number: u64) -> Option<OwnedObjectPath> {
    OwnedObjectPath::try_from(format!("{JOB_PREFIX}{number}")).ok()
}

/// The number of the job with this object path.
#[must_use]
pub fn job_number(path: &str) -> Option<u64> {
    let digits = path.strip_prefix(JOB_PREFIX)?;
    let number: u64 = digits.parse().ok()?;
    (number.to_string() == digits).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn ids_have_one_canonical_form() {
        for text in [ID, "01234567-89ab-cdef-0123-456789abcdef", "01234567-89AB-CDEF-0123-456789ABCDEF"] {
            assert_eq!(canonical_id(text).as_deref(), Some(ID), "{text}");
        }
        for text in [
            "",
            "0123",
            "0123456789abcdef0123456789abcdeg",
            "0123456-789ab-cdef-0123-456789abcdef",
            "0123456789abcdef0123456789abcdef0",
            "01234567-89ab-cdef-0123-456789abcde-",
            "{01234567-89ab-cdef-0123-456789abcdef}",
            "０1234567-89ab-cdef-0123-456789abcd",
        ] {
            assert_eq!(canonical_id(text), None, "{text}");
        }
    }

    #[test]
    fn paths_and_ids_are_inverse() {
        let path = session_path("01234567-89AB-CDEF-0123-456789ABCDEF").unwrap();
        assert_eq!(path.as_str(), format!("/org/dillinger/Runner1/session/s{ID}"));
        assert_eq!(session_id(path.as_str()), Some(ID));
        assert_eq!(session_id("/org/dillinger/Runner1/session/sAB"), None);
        assert_eq!(session_path("../../etc"), None);
        let job = job_path(42).unwrap();
        assert_eq!(job_number(job.as_str()), Some(42));
        assert_eq!(job_number("/org/dillinger/Runner1/job/j042"), None);
    }
}
