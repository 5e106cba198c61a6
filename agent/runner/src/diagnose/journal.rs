//! Whether sessions' logs can be read, and how much of them arrives.

use super::finding::{Finding, Subject};
use super::user::User;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

pub(super) const READABLE: Subject = Subject {
    id: "journal-readable",
    why: "the output of sessions is in the journal, and a user reads only what journald keeps in his own file",
};
pub(super) const DROPPED: Subject = Subject {
    id: "journal-dropped-messages",
    why: "journald tells of messages it dropped in the system's journal; without it a log has gaps that nobody sees",
};
pub(super) const RATE: Subject = Subject {
    id: "journal-rate-limit",
    why: "one limit counts for all units of a user together, so a noisy session can silence another",
};

/// The group that may read the system's journal.
const GROUP: &str = "systemd-journal";
/// journald's own default, journald.conf(5).
const DEFAULT_BURST: u64 = 10_000;
/// As much as a game that fails in a loop prints within seconds.
const ENOUGH_BURST: u64 = 100_000;

/// A journal file as this process sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Readable,
    Denied,
    Missing,
}

/// What is known of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    /// Whether `/var/log/journal` holds this machine's journal.
    persistent: bool,
    user_file: Access,
    system_file: Access,
    in_group: bool,
}

pub(super) fn read(root: &Path, user: &User) -> Result<Journal, String> {
    let id = root.join("etc/machine-id");
    let id = std::fs::read_to_string(&id).map_err(|error| format!("{}: {error}", id.display()))?;
    let directory = root.join("var/log/journal").join(id.trim());
    Ok(Journal {
        persistent: directory.is_dir(),
        user_file: access(&directory.join(format!("user-{}.journal", user.uid))),
        system_file: access(&directory.join("system.journal")),
        in_group: user.is_in(GROUP),
    })
}

fn access(path: &Path) -> Access {
    match File::open(path) {
        Ok(_) => Access::Readable,
        Err(error) if error.kind() == ErrorKind::NotFound => Access::Missing,
        Err(_) => Access::Denied,
    }
}

/// True when the logs of this user's sessions can be read by the agent.
pub fn logs_readable(root: &Path, user: &User) -> bool {
    read(root, user).is_ok_and(|journal| journal.readable())
}

impl Journal {
    fn readable(&self) -> bool {
        // A user without entries has no file yet; it will be his to read.
        let own = self.persistent && self.user_file != Access::Denied;
        own || self.in_group || self.system_file == Access::Readable
    }
}

pub(super) fn judge_readable(journal: &Result<Journal, String>, user: &User) -> Finding {
    let journal = match journal {
        Ok(journal) => journal,
        Err(reason) => return READABLE.unknown(reason),
    };
    if journal.readable() {
        let place = if journal.persistent { "on disk" } else { "in memory, until the next boot" };
        return READABLE.ok(format!("the journal is kept {place} and {} can read the logs of his sessions", user.name));
    }
    READABLE.error(
        "the journal is only kept in memory, in a file that belongs to root: logs of sessions cannot be read",
        "sudo mkdir -p /var/log/journal && sudo systemd-tmpfiles --create --prefix /var/log/journal && \
         sudo journalctl --flush",
    )
}

pub(super) fn judge_dropped(journal: &Result<Journal, String>, user: &User) -> Finding {
    let journal = match journal {
        Ok(journal) => journal,
        Err(reason) => return DROPPED.unknown(reason),
    };
    if journal.system_file == Access::Readable || journal.in_group {
        return DROPPED.ok("a log says how many messages journald dropped");
    }
    DROPPED.warning(
        "a log cannot say how many messages journald dropped, the system's journal cannot be read",
        format!("sudo usermod --append --groups {GROUP} {}, then log out and in again", user.name),
    )
}

/// The limit on messages of all units of the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct RateLimit {
    /// Messages per interval; 0 is no limit.
    burst: Option<u64>,
    /// True when the interval is 0, which switches the limit off.
    off: bool,
}

/// Reads the limit from journald.conf(5), and from the drop-ins of the user
/// manager's unit, which outrank it.
pub(super) fn read_rate_limit(root: &Path, uid: u32) -> RateLimit {
    let mut limit = RateLimit::default();
    for directory in ["usr/lib/systemd", "run/systemd", "etc/systemd"].map(|directory| root.join(directory)) {
        apply(&mut limit, &[directory.join("journald.conf")], "RateLimit");
        apply(&mut limit, &drop_ins(&directory.join("journald.conf.d")), "RateLimit");
    }
    for unit in ["user@.service.d".to_owned(), format!("user@{uid}.service.d")] {
        for directory in ["usr/lib/systemd/system", "run/systemd/system", "etc/systemd/system"] {
            apply(&mut limit, &drop_ins(&root.join(directory).join(&unit)), "LogRateLimit");
        }
    }
    limit
}

fn drop_ins(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|ext| ext == "conf"));
    files.sort();
    files
}

fn apply(limit: &mut RateLimit, files: &[PathBuf], prefix: &str) {
    for file in files {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        for (name, value) in text.lines().filter_map(|line| line.trim().strip_prefix(prefix)?.split_once('=')) {
            match name.trim() {
                "Burst" => limit.burst = value.trim().parse().ok(),
                "IntervalSec" => limit.off = value.trim().starts_with('0'),
                _ => {}
            }
        }
    }
}

pub(super) fn judge_rate_limit(limit: RateLimit) -> Finding {
    let burst = limit.burst.unwrap_or(DEFAULT_BURST);
    if limit.off || burst == 0 {
        return RATE.ok("journald does not limit the messages of this user");
    }
    let summary = format!("journald drops what all units of this user say beyond {burst} messages per interval");
    if burst >= ENOUGH_BURST {
        return RATE.ok(summary);
    }
    RATE.warning(
        summary,
        "sudo mkdir -p /etc/systemd/system/user@.service.d && \
         printf '[Service]\\nLogRateLimitIntervalSec=0\\n' | \
         sudo tee /etc/systemd/system/user@.service.d/50-dillinger-log.conf && sudo systemctl daemon-reload, \
         then log out and in again",
    )
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use std::fs;

    fn user(groups: &[&str]) -> User {
        User { uid: 1000, name: "player".to_owned(), groups: groups.iter().map(|group| (*group).to_owned()).collect() }
    }

    #[test]
    fn journals_are_judged_by_what_can_be_read() {
        use Access::{Denied, Missing, Readable};
        let outsider: &[&str] = &["player"];
        let insider: &[&str] = &["player", GROUP];
        for (persistent, user_file, system_file, groups, readable, dropped) in [
            (true, Readable, Readable, outsider, Status::Ok, Status::Ok),
            (true, Readable, Denied, outsider, Status::Ok, Status::Warning),
            (true, Readable, Denied, insider, Status::Ok, Status::Ok),
            (true, Missing, Denied, outsider, Status::Ok, Status::Warning),
            (true, Denied, Denied, outsider, Status::Error, Status::Warning),
            (false, Missing, Missing, outsider, Status::Error, Status::Warning),
            (false, Missing, Missing, insider, Status::Ok, Status::Ok),
        ] {
            let user = user(groups);
            let journal = Ok(Journal { persistent, user_file, system_file, in_group: user.is_in(GROUP) });
            assert_eq!(judge_readable(&journal, &user).status, readable, "{journal:?}");
            assert_eq!(judge_dropped(&journal, &user).status, dropped, "{journal:?}");
        }
    }

    #[test]
    fn journals_are_found_by_the_machine_id() {
        let root = tempfile::tempdir().unwrap();
        assert!(read(root.path(), &user(&[])).is_err());
        fs::create_dir_all(root.path().join("etc")).unwrap();
        fs::write(root.path().join("etc/machine-id"), "abc\n").unwrap();
        assert!(!logs_readable(root.path(), &user(&[])));
        let directory = root.path().join("var/log/journal/abc");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("user-1000.journal"), "").unwrap();
        let journal = read(root.path(), &user(&[])).unwrap();
        assert_eq!((journal.persistent, journal.user_file), (true, Access::Readable));
        assert_eq!(journal.system_file, Access::Missing);
        assert!(logs_readable(root.path(), &user(&[])));
    }

    #[test]
    fn the_rate_limit_comes_from_its_files() {
        let cases: [(&[(&str, &str)], Status); 5] = [
            (&[], Status::Warning),
            (&[("etc/systemd/journald.conf", "[Journal]\n#RateLimitBurst=10000\nRateLimitBurst=500000\n")], Status::Ok),
            (&[("etc/systemd/journald.conf.d/a.conf", "[Journal]\nRateLimitIntervalSec=0\n")], Status::Ok),
            (&[("etc/systemd/system/user@.service.d/a.conf", "[Service]\nLogRateLimitIntervalSec=0\n")], Status::Ok),
            (
                &[
                    ("etc/systemd/journald.conf", "[Journal]\nRateLimitBurst=0\n"),
                    ("etc/systemd/system/user@1000.service.d/a.conf", "[Service]\nLogRateLimitBurst=50\n"),
                ],
                Status::Warning,
            ),
        ];
        for (files, status) in cases {
            let root = tempfile::tempdir().unwrap();
            for (name, text) in files {
                let path = root.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            assert_eq!(judge_rate_limit(read_rate_limit(root.path(), 1000)).status, status, "{files:?}");
        }
    }
}
