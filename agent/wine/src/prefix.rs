//! The prefix before the program starts: made if it is not there, and with all that it is to have.

mod dxvk;
mod make;
mod record;
mod settings;
mod verbs;

use crate::processes::Processes;
use crate::wine::Wine;
use anyhow::Context;
use dillinger_runner_core::wine::Launch;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::Path;

/// Drives that every prefix has: the game's library, and the container's root for what is nowhere else.
const DRIVES: &[(&str, &str)] = &[("d:", "/library"), ("z:", "/")];
/// Where Wine says of which width a prefix is, in bytes from the beginning of `system.reg`.
const HEAD: u64 = 4096;

/// Makes the prefix what `launch` asks for. Starts nothing of Wine when it is that already.
pub fn prepare(launch: &Launch, wine: &Wine, processes: &Processes) -> anyhow::Result<()> {
    let prefix = wine.prefix();
    let mut record = record::Record::read(prefix);
    if prefix.join("system.reg").is_file() {
        check_width(prefix)?;
        if !wine.is_proton() && (launch.migrate || make::is_outdated(wine)) {
            make::update(wine, processes).context("the prefix could not be brought up to this Wine")?;
            // Wine has set its own values again.
            record.base = 0;
        }
    } else {
        make::make(wine, processes).context("the prefix could not be made")?;
    }
    drives(prefix).context("the drives of the prefix")?;
    if !wine.is_proton() {
        dxvk::set(wine, launch.settings.dxvk)?;
    }
    settings::apply(&launch.settings, &mut record, wine, processes)?;
    verbs::apply(&launch.settings.verbs, &mut record, wine, processes)
}

/// The winetricks verbs that the prefix has.
pub fn verbs(prefix: &Path) -> Vec<String> {
    record::Record::read(prefix).verbs
}

/// Whether programs of 64 bits run there, as the one that starts the game is.
fn check_width(prefix: &Path) -> anyhow::Result<()> {
    let mut head = Vec::new();
    let file = File::open(prefix.join("system.reg")).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    file.context("cannot read the prefix's system.reg")?;
    anyhow::ensure!(
        !String::from_utf8_lossy(&head).lines().any(|line| line.trim() == "#arch=win32"),
        "the prefix is one of 32 bits (WINEARCH=win32), which this Wine cannot run: make a new one, without WINEARCH"
    );
    Ok(())
}

fn drives(prefix: &Path) -> anyhow::Result<()> {
    let directory = prefix.join("dosdevices");
    fs::create_dir_all(&directory)?;
    for (drive, target) in DRIVES {
        link(Path::new(target), &directory.join(drive))?;
    }
    Ok(())
}

/// Makes `path` a link to `target`, if it is not.
fn link(target: &Path, path: &Path) -> anyhow::Result<()> {
    if fs::read_link(path).is_ok_and(|old| old == target) {
        return Ok(());
    }
    remove(path)?;
    symlink(target, path).with_context(|| format!("cannot make {}", path.display()))
}

/// Removes a file or link, if it is there.
fn remove(path: &Path) -> anyhow::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_of_32_bits_is_refused_with_the_reason() {
        let prefix = tempfile::tempdir().unwrap();
        let registry = prefix.path().join("system.reg");
        fs::write(&registry, "WINE REGISTRY Version 2\n;; All\n\n#arch=win64\n").unwrap();
        assert!(check_width(prefix.path()).is_ok());
        fs::write(&registry, "WINE REGISTRY Version 2\n;; All\n\n#arch=win32\n").unwrap();
        assert!(check_width(prefix.path()).unwrap_err().to_string().contains("32 bits"));
    }

    #[test]
    fn drives_lead_where_they_should() {
        let prefix = tempfile::tempdir().unwrap();
        let devices = prefix.path().join("dosdevices");
        fs::create_dir(&devices).unwrap();
        symlink("/somewhere/else", devices.join("d:")).unwrap();
        for _ in 0..2 {
            drives(prefix.path()).unwrap();
            assert_eq!(fs::read_link(devices.join("d:")).unwrap(), Path::new("/library"));
            assert_eq!(fs::read_link(devices.join("z:")).unwrap(), Path::new("/"));
        }
    }
}
