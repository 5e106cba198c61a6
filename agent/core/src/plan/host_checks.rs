//! The single checks of a plan against the host.

use crate::host::{HostFacts, LibraryFact, PathFact};
use crate::limits::{CpuSet, INFINITY, Limit, Limits};
use crate::problem::{ProblemClass, Problems, quoted};
use crate::request::MountRequest;
use crate::spec::{Decision, SessionSpec};

pub(super) fn library(fact: &LibraryFact, problems: &mut Problems) {
    if let LibraryFact::Unavailable { place, reason } = fact {
        problems.push(
            ProblemClass::LibraryUnavailable,
            "Library",
            format!("{} cannot be used: {reason}", quoted(place)),
        );
    }
}

/// A property whose controller is not delegated is ignored by systemd without
/// a word: what the request asked for is then refused, what a default asked
/// for is dropped with a warning.
pub(super) fn controllers(
    limits: &mut Limits,
    facts: &HostFacts,
    decisions: &[Decision],
    problems: &mut Problems,
    warnings: &mut Vec<String>,
) {
    let delegated = |controller: &str| facts.controllers.iter().any(|one| one == controller);
    let requested = |key: &str| decisions.iter().any(|one| one.key == key && one.reason == "request");
    let mut missing = |key: &str, controller: &str| {
        let text = format!(
            "needs the cgroup controller {controller}, which is not delegated to this user manager (see Diagnose)"
        );
        if requested(key) {
            problems.push(ProblemClass::Unsupported, key, text);
        } else {
            warnings.push(format!("{key}: {text}"));
        }
    };
    let set: Vec<Limit> = limits.iter_set().map(|(limit, _)| limit).collect();
    for limit in set.into_iter().filter(|limit| !delegated(limit.controller())) {
        missing(limit.key(), limit.controller());
        limits.set(limit, INFINITY);
    }
    if !limits.allowed_cpus.is_empty() && !delegated("cpuset") {
        missing("AllowedCPUs", "cpuset");
        limits.allowed_cpus = CpuSet::default();
    }
}

/// The mounts with their sources resolved: what systemd and Podman mount is
/// what was checked, not what a symbolic link says later.
pub(super) fn mounts(spec: &SessionSpec, facts: &HostFacts, problems: &mut Problems) -> Vec<MountRequest> {
    let resolve = |mount: &MountRequest| match usable(&mount.source, facts) {
        Ok((canonical, _)) => Ok(MountRequest { source: canonical, ..mount.clone() }),
        Err(reason) => Err(format!("source {} {reason}", quoted(&mount.source))),
    };
    let mut resolved = Vec::new();
    for mount in &spec.mounts {
        match resolve(mount) {
            Ok(mount) => resolved.push(mount),
            Err(message) => problems.invalid("Mounts", message),
        }
    }
    resolved
}

/// A path that may be given to a game: there, the user's own, and outside the
/// runtime directory, which holds the bus and Podman's socket.
fn usable(path: &str, facts: &HostFacts) -> Result<(String, bool), String> {
    match facts.paths.get(path) {
        None => Err("was not looked at".to_owned()),
        Some(PathFact::Missing(reason)) => Err(format!("cannot be used: {reason}")),
        Some(PathFact::Found { owner, .. }) if *owner != facts.uid => {
            Err(format!("belongs to uid {owner}, expected a path of uid {}", facts.uid))
        }
        Some(PathFact::Found { canonical, directory, .. }) => {
            if within(canonical, &facts.runtime_dir) || within(&facts.runtime_dir, canonical) {
                return Err("would show the runtime directory, with its sockets, to the game".to_owned());
            }
            Ok((canonical.clone(), *directory))
        }
    }
}

/// True when `path` is `directory` or below it.
fn within(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Decides where the saves lie.
pub(super) fn saves(spec: &mut SessionSpec, facts: &HostFacts, decisions: &mut [Decision], problems: &mut Problems) {
    if let Some(path) = spec.saves.clone() {
        match usable(&path, facts) {
            Ok((canonical, true)) => spec.saves = Some(canonical),
            Ok((_, false)) => problems.invalid("Saves", format!("{} is not a directory", quoted(&path))),
            Err(reason) => problems.invalid("Saves", format!("{} {reason}", quoted(&path))),
        }
        return;
    }
    if spec.game_id.is_empty() {
        return;
    }
    let name = directory_name(&spec.game_id);
    if name.len() > 255 {
        problems.invalid("GameId", "is too long for the name of a saves directory, expected a shorter one or Saves");
        return;
    }
    let path = format!("{}/{name}", facts.saves_root);
    if let Some(decision) = decisions.iter_mut().find(|one| one.key == "Saves") {
        decision.value.clone_from(&path);
        "default: per GameId in the user's state directory".clone_into(&mut decision.reason);
    }
    spec.saves = Some(path);
}

/// A caller's text as the name of one directory: everything but letters,
/// digits, `-`, `_` and inner dots becomes `%` and two hexadecimal digits, so
/// that two ids never share a directory and none leaves it.
pub fn directory_name(text: &str) -> String {
    let plain = |at: usize, byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte) || (byte == b'.' && at > 0);
    text.bytes()
        .enumerate()
        .map(|(at, byte)| if plain(at, byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_game_id_becomes_one_directory() {
        for (id, name) in [
            ("doom-2", "doom-2"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            (".", "%2E"),
            ("a b\n", "a%20b%0A"),
            ("é", "%C3%A9"),
            ("v1.2", "v1.2"),
        ] {
            assert_eq!(directory_name(id), name);
        }
    }

    #[test]
    fn paths_within_directories() {
        assert!(within("/run/user/1000/bus", "/run/user/1000"));
        assert!(within("/run/user/1000", "/run/user/1000/"));
        assert!(within("/run/user/1000", "/"));
        assert!(!within("/run/user/10001", "/run/user/1000"));
    }
}
