//! What overlayfs leaves in its working directories.

use dillinger_runner_core::plan::SAVES_DIRECTORIES;
use dillinger_runner_core::spec::SessionSpec;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Removes what the kernel has left in the working directories of a session's
/// layers, as the whiteout that deleted files share. It belongs to the container's root,
/// so nobody but he can remove it; the agent, who may make no user namespace, never could.
/// To be called from the unit of the session, when its game has ended.
pub fn clear_work(spec: &SessionSpec) {
    let Some(windows) = &spec.windows else { return };
    let prefix = windows.prefix.as_ref().filter(|_| !windows.template.is_empty());
    let prefix = prefix.map(|prefix| Path::new(prefix).join(crate::prefix::WORK));
    let [.., own] = SAVES_DIRECTORIES;
    let saves = spec.saves.as_ref().map(|saves| Path::new(saves).join(own));
    let left: Vec<PathBuf> =
        prefix.into_iter().chain(saves).map(|work| work.join("work")).filter(|work| holds(work)).collect();
    if left.is_empty() {
        return;
    }
    let mut podman = Command::new("podman");
    podman.args(["unshare", "rm", "-rf", "--"]).args(left).stdin(Stdio::null()).stdout(Stdio::null());
    if let Err(error) = podman.status() {
        eprintln!("dillinger-runner: running podman: {error}");
    }
}

/// Whether there is something in a directory that only its owner may look into. An
/// empty one is removed; overlayfs makes it again.
fn holds(work: &Path) -> bool {
    std::fs::remove_dir(work).is_err_and(|error| error.kind() == ErrorKind::DirectoryNotEmpty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_empty_needs_more() {
        let place = tempfile::tempdir().unwrap();
        let (empty, full) = (place.path().join("empty"), place.path().join("full"));
        std::fs::create_dir(&empty).unwrap();
        std::fs::create_dir_all(full.join("#1")).unwrap();
        assert!(!holds(&empty) && !empty.exists());
        assert!(holds(&full) && full.exists());
        assert!(!holds(&place.path().join("absent")));
    }
}
