//! Subordinate user and group ids, subuid(5) and subgid(5).

use super::finding::{Finding, Subject};
use super::user::User;
use std::path::Path;

pub(super) const SUBJECT: Subject = Subject {
    id: "subordinate-ids",
    why: "rootless containers give their users ids from the ranges of /etc/subuid and /etc/subgid",
};
/// What a container with all its users needs.
const NEEDED: u64 = 65_536;
/// Where useradd(8) begins to hand ranges out (`SUB_UID_MIN`).
const FIRST: u64 = 100_000;

/// The ranges of one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Ranges {
    /// How many ids the user has.
    own: u64,
    /// The first id after all ranges of all users.
    end: u64,
}

/// What is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SubordinateIds {
    uids: Result<Ranges, String>,
    gids: Result<Ranges, String>,
    /// nsswitch.conf(5) names another source than the files.
    elsewhere: bool,
}

pub(super) fn read(root: &Path, user: &User) -> SubordinateIds {
    let file = |name: &str| {
        let text = match std::fs::read_to_string(root.join("etc").join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            other => other,
        };
        text.map(|text| ranges(&text, user)).map_err(|error| format!("/etc/{name}: {error}"))
    };
    let nsswitch = std::fs::read_to_string(root.join("etc/nsswitch.conf")).unwrap_or_default();
    let elsewhere = nsswitch.lines().any(|line| {
        let sources = line.trim().strip_prefix("subid:");
        sources.is_some_and(|sources| sources.split_whitespace().any(|source| source != "files"))
    });
    SubordinateIds { uids: file("subuid"), gids: file("subgid"), elsewhere }
}

/// Lines are `NAME-OR-ID:FIRST:COUNT`.
fn ranges(text: &str, user: &User) -> Ranges {
    let id = user.uid.to_string();
    let mut ranges = Ranges::default();
    for line in text.lines() {
        let mut fields = line.trim().split(':');
        let owner = fields.next().unwrap_or_default();
        let mut number = || fields.next().and_then(|field| field.parse::<u64>().ok());
        let (Some(first), Some(count)) = (number(), number()) else { continue };
        ranges.end = ranges.end.max(first.saturating_add(count));
        if owner == user.name || owner == id {
            ranges.own = ranges.own.saturating_add(count);
        }
    }
    ranges
}

pub(super) fn judge(ids: &SubordinateIds, user: &User) -> Finding {
    let (uids, gids) = match (&ids.uids, &ids.gids) {
        (Ok(uids), Ok(gids)) => (uids, gids),
        (Err(reason), _) | (_, Err(reason)) => return SUBJECT.unknown(reason),
    };
    let summary = format!("{} subordinate user ids, {} group ids", uids.own, gids.own);
    if uids.own >= NEEDED && gids.own >= NEEDED {
        return SUBJECT.ok(summary);
    }
    if ids.elsewhere {
        return SUBJECT.unknown("/etc/nsswitch.conf names another source of subordinate ids than the files");
    }
    let first = FIRST.max(uids.end).max(gids.end);
    let range = format!("{first}-{}", first.saturating_add(NEEDED - 1));
    let remedy =
        format!("sudo usermod --add-subuids {range} --add-subgids {range} {} && podman system migrate", user.name);
    SUBJECT.error(format!("{summary}, {NEEDED} of each are needed"), remedy)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use std::fs;

    fn finding(uids: Option<&str>, gids: Option<&str>, nsswitch: &str) -> Finding {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        for (name, text) in [("subuid", uids), ("subgid", gids), ("nsswitch.conf", Some(nsswitch))] {
            if let Some(text) = text {
                fs::write(root.path().join("etc").join(name), text).unwrap();
            }
        }
        let user = User { uid: 1000, name: "player".to_owned(), groups: Vec::new() };
        judge(&read(root.path(), &user), &user)
    }

    #[test]
    fn ranges_are_counted() {
        let enough = Some("root:100000:65536\nplayer:165536:65536\n");
        let by_id = Some("1000:165536:65536\n");
        let two = Some("player:100000:32768\nplayer:200000:32768\n");
        let few = Some("player:100000:1000\n");
        for (uids, gids, nsswitch, status) in [
            (enough, enough, "", Status::Ok),
            (by_id, two, "", Status::Ok),
            (enough, few, "", Status::Error),
            (None, enough, "", Status::Error),
            (Some("player:x:65536\n# y\n"), enough, "", Status::Error),
            (None, None, "subid: files\n", Status::Error),
            (None, None, "passwd: files\nsubid: sss\n", Status::Unknown),
        ] {
            assert_eq!(finding(uids, gids, nsswitch).status, status, "{uids:?} {gids:?}");
        }
    }

    #[test]
    fn the_remedy_takes_a_free_range() {
        let remedy = finding(Some("other:100000:65536\n"), Some("other:200000:65536\n"), "").remedy;
        assert!(remedy.contains("--add-subuids 265536-331071 --add-subgids 265536-331071 player"), "{remedy}");
        assert!(finding(None, None, "").remedy.contains("100000-165535"));
    }
}
