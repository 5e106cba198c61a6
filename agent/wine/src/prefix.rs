//! The prefix before the program starts: made if it is not there, and with all that it is to have.

mod drives;
mod dxvk;
mod make;
mod record;
mod settings;
mod verbs;

pub use drives::Drives;

use crate::processes::Processes;
use crate::wine::Wine;
use anyhow::Context;
use dillinger_runner_core::wine::Launch;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Where Wine says of which width a prefix is, in bytes from the beginning of `system.reg`.
const HEAD: u64 = 4096;

/// Makes the prefix what `launch` asks for. Starts nothing of Wine when it is that already.
pub fn prepare(launch: &Launch, wine: &Wine, processes: &Processes) -> anyhow::Result<Drives> {
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
    let drives = drives::set(prefix)?;
    // Before anything else is changed in a prefix where the program cannot be reached.
    launch.program.as_ref().map(|program| drives.program(program)).transpose()?;
    if !wine.is_proton() {
        dxvk::set(wine, launch.settings.dxvk)?;
    }
    settings::apply(&launch.settings, &mut record, wine, processes)?;
    verbs::apply(&launch.settings.verbs, &mut record, wine, processes)?;
    Ok(drives)
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
}
