//! Making a prefix, and bringing it up to another build of Wine.

use super::remove;
use crate::processes::Processes;
use crate::wine::Wine;
use anyhow::Context;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// For what Wine still does in the background after a prefix was made.
const SETTLE: Duration = Duration::from_secs(30);

/// Makes the prefix, and waits until its registry files are whole.
pub(super) fn make(wine: &Wine, processes: &Processes) -> anyhow::Result<()> {
    if wine.is_proton() {
        // Proton makes its prefix before it runs anything.
        run(wine, processes, &["cmd.exe", "/c", "exit"])?;
    } else {
        fs::create_dir_all(wine.prefix()).with_context(|| format!("cannot make {}", wine.prefix().display()))?;
        run(wine, processes, &["wineboot.exe", "-i"])?;
    }
    let registry = wine.prefix().join("system.reg");
    anyhow::ensure!(registry.is_file(), "Wine has not made {}", registry.display());
    keep_inside(&wine.prefix().join("drive_c/users"))
}

/// What Wine itself does when it finds a prefix of another build, but without a dialog.
pub(super) fn update(wine: &Wine, processes: &Processes) -> anyhow::Result<()> {
    run(wine, processes, &["wineboot.exe", "-u"])
}

fn run(wine: &Wine, processes: &Processes, arguments: &[&str]) -> anyhow::Result<()> {
    let status = processes.run(wine.command(arguments))?;
    anyhow::ensure!(status == 0, "{} ended with status {status}", arguments.join(" "));
    if !processes.settle(SETTLE)? {
        processes.end_all();
    }
    Ok(())
}

/// Whether Wine would update the prefix by itself: it compares a time in the prefix with that of its `wine.inf`.
pub(super) fn is_outdated(wine: &Wine) -> bool {
    let time = wine.file(&["share/wine/wine.inf"]).and_then(|path| fs::metadata(path).ok()).map(|file| file.mtime());
    let stamp = fs::read_to_string(wine.prefix().join(".update-timestamp")).unwrap_or_default();
    match (stamp.trim(), time) {
        ("disable", _) | (_, None) => false,
        (stamp, Some(time)) => stamp.parse() != Ok(time),
    }
}

/// Makes directories of the links in the profiles: Wine lets Documents and others lead to the home directory, but saved
/// games belong to the profile.
fn keep_inside(users: &Path) -> anyhow::Result<()> {
    for user in fs::read_dir(users).with_context(|| format!("cannot read {}", users.display()))? {
        let Ok(entries) = fs::read_dir(user?.path()) else { continue };
        for entry in entries {
            let entry = entry?;
            // Proton has links of its own, to other directories of the profile.
            if fs::read_link(entry.path()).is_ok_and(|target| target.is_absolute()) {
                remove(&entry.path())?;
                fs::create_dir(entry.path()).with_context(|| format!("cannot make {}", entry.path().display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_in_a_profile_leads_out() {
        let users = tempfile::tempdir().unwrap();
        let player = users.path().join("player");
        fs::create_dir(&player).unwrap();
        fs::create_dir(player.join("Music")).unwrap();
        symlink("/saves/Documents", player.join("Documents")).unwrap();
        symlink("./AppData/Roaming", player.join("Application Data")).unwrap();
        keep_inside(users.path()).unwrap();
        assert!(fs::symlink_metadata(player.join("Documents")).unwrap().is_dir());
        assert!(fs::symlink_metadata(player.join("Application Data")).unwrap().is_symlink());
    }
}
