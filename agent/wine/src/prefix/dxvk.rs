//! DXVK in a prefix: Direct3D 8 to 11 through Vulkan.
//!
//! Debian's DXVK is made of DLLs named `NAME.dll.so`. Wine loads one when a link of the DLL's name leads there (as Debian's
//! `dxvk-setup` makes them) and the load order prefers it: [`Wine::session`]. That takes no space in the prefix.

use super::remove;
use crate::wine::{DXVK, Wine};
use anyhow::Context;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// What follows the name of a DLL of the prefix's owner while DXVK is at its place.
const KEPT: &str = ".dillinger-kept";
/// Where Wine marks its own DLLs, in bytes from their beginning, and with what (`ntdll/unix/loader.c`).
const MARK_AT: usize = 0x40;
const MARKS: [&[u8]; 2] = [b"Wine builtin DLL", b"Wine placeholder DLL"];

/// DXVK for programs of one kind.
struct Half {
    /// Where Debian has it.
    dxvk: &'static str,
    /// Where Windows has its libraries, in the prefix.
    system: &'static str,
    /// Where a build of Wine has its own.
    builtin: &'static [&'static str],
}

/// For programs of 64 and of 32 bits.
const HALVES: [Half; 2] = [
    Half {
        dxvk: "/usr/lib/dxvk/wine64",
        system: "drive_c/windows/system32",
        builtin: &["lib/x86_64-linux-gnu/wine/x86_64-windows", "lib/wine/x86_64-windows", "lib64/wine/x86_64-windows"],
    },
    Half {
        dxvk: "/usr/lib/dxvk/wine32",
        system: "drive_c/windows/syswow64",
        builtin: &[
            "lib/x86_64-linux-gnu/wine/i386-windows",
            "lib/wine/i386-windows",
            "lib/i386-linux-gnu/wine/i386-windows",
        ],
    },
];

/// Lets the prefix have DXVK, or Wine's own libraries.
pub(super) fn set(wine: &Wine, on: bool) -> anyhow::Result<()> {
    for half in HALVES {
        let system = wine.prefix().join(half.system);
        // A build of the host may have no programs of 32 bits.
        if !system.is_dir() {
            continue;
        }
        let builtin = wine.file(half.builtin);
        for name in DXVK {
            let file = format!("{name}.dll");
            let place = Place {
                library: Path::new(half.dxvk).join(format!("{file}.so")),
                builtin: builtin.as_ref().map(|directory| directory.join(&file)),
                path: system.join(file),
            };
            if on {
                place.add().with_context(|| format!("cannot put DXVK's {name} into the prefix"))?;
            } else {
                place.take_away().with_context(|| format!("cannot take DXVK's {name} away"))?;
            }
        }
    }
    Ok(())
}

/// A DLL in a prefix.
struct Place {
    /// DXVK's.
    library: PathBuf,
    /// Wine's own, if it has one.
    builtin: Option<PathBuf>,
    /// In the prefix.
    path: PathBuf,
}

impl Place {
    fn add(&self) -> anyhow::Result<()> {
        anyhow::ensure!(self.library.is_file(), "the image has no DXVK: there is no {}", self.library.display());
        if fs::read_link(&self.path).is_ok_and(|target| target == self.library) {
            return Ok(());
        }
        if self.is_dxvk() || is_wines(&self.path) || !exists(&self.path) {
            remove(&self.path)?;
        } else {
            let kept = self.kept();
            anyhow::ensure!(
                !exists(&kept),
                "there are both {} and {}, of which one can be kept: remove the other",
                self.path.display(),
                kept.display()
            );
            fs::rename(&self.path, &kept).with_context(|| format!("cannot keep {}", self.path.display()))?;
        }
        symlink(&self.library, &self.path).with_context(|| format!("cannot make {}", self.path.display()))
    }

    /// Puts back what was there: the owner's DLL, or Wine's, without which programs that look for the file find none.
    fn take_away(&self) -> anyhow::Result<()> {
        let kept = self.kept();
        let has_kept = exists(&kept);
        // An update of the prefix may have put Wine's at its place.
        let replaced = has_kept && (is_wines(&self.path) || !exists(&self.path));
        if !self.is_dxvk() && !replaced {
            return Ok(());
        }
        if has_kept {
            return Ok(fs::rename(&kept, &self.path)?);
        }
        remove(&self.path)?;
        if let Some(builtin) = self.builtin.as_ref().filter(|builtin| builtin.is_file()) {
            fs::copy(builtin, &self.path)?;
        }
        Ok(())
    }

    fn is_dxvk(&self) -> bool {
        let directory = self.library.parent();
        fs::read_link(&self.path).is_ok_and(|target| target.parent() == directory)
    }

    fn kept(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(KEPT);
        name.into()
    }
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Whether a file is one of Wine's own, of which every prefix has copies.
fn is_wines(path: &Path) -> bool {
    let head = || -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        File::open(path)?.take(128).read_to_end(&mut head)?;
        Ok(head)
    };
    let is_file = fs::symlink_metadata(path).is_ok_and(|there| there.is_file());
    let head = if is_file { head().unwrap_or_default() } else { Vec::new() };
    head.get(MARK_AT..).is_some_and(|mark| MARKS.iter().any(|known| mark.starts_with(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix's DLL, before anything is at its place.
    fn place(directory: &Path) -> Place {
        let place = Place {
            library: directory.join("dxvk/d3d11.dll.so"),
            builtin: Some(directory.join("builtin/d3d11.dll")),
            path: directory.join("system32/d3d11.dll"),
        };
        for path in [&place.library, place.builtin.as_ref().unwrap(), &place.path] {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
        }
        fs::write(&place.library, "dxvk").unwrap();
        fs::write(place.builtin.as_ref().unwrap(), wines()).unwrap();
        place
    }

    fn wines() -> Vec<u8> {
        [&[0; MARK_AT], MARKS[0]].concat()
    }

    #[test]
    fn wines_own_is_replaced_and_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let place = place(directory.path());
        fs::write(&place.path, wines()).unwrap();
        for _ in 0..2 {
            place.add().unwrap();
            assert_eq!(fs::read_link(&place.path).unwrap(), place.library);
            assert!(!exists(&place.kept()), "Wine has its own");
        }
        for _ in 0..2 {
            place.take_away().unwrap();
            assert_eq!(fs::read(&place.path).unwrap(), wines());
            assert!(!place.is_dxvk());
        }
    }

    #[test]
    fn a_dll_of_the_player_is_kept_and_comes_back() {
        let directory = tempfile::tempdir().unwrap();
        let place = place(directory.path());
        fs::write(&place.path, "the player's").unwrap();
        place.take_away().unwrap();
        assert_eq!(fs::read(&place.path).unwrap(), b"the player's", "it was not DXVK");
        for _ in 0..2 {
            place.add().unwrap();
            assert_eq!(fs::read(place.kept()).unwrap(), b"the player's");
        }
        place.take_away().unwrap();
        assert_eq!(fs::read(&place.path).unwrap(), b"the player's");
        assert!(!exists(&place.kept()));

        // What an update of the prefix does.
        place.add().unwrap();
        fs::remove_file(&place.path).unwrap();
        fs::write(&place.path, wines()).unwrap();
        place.take_away().unwrap();
        assert_eq!(fs::read(&place.path).unwrap(), b"the player's");
    }

    #[test]
    fn a_link_of_the_player_is_kept_too() {
        let directory = tempfile::tempdir().unwrap();
        let place = place(directory.path());
        symlink("/home/player/dxvk/d3d11.dll", &place.path).unwrap();
        place.add().unwrap();
        place.take_away().unwrap();
        assert_eq!(fs::read_link(&place.path).unwrap(), Path::new("/home/player/dxvk/d3d11.dll"));
    }

    #[test]
    fn of_two_dlls_none_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let place = place(directory.path());
        fs::write(&place.path, "first").unwrap();
        place.add().unwrap();
        fs::remove_file(&place.path).unwrap();
        fs::write(&place.path, "second").unwrap();
        let error = place.add().unwrap_err().to_string();
        assert!(error.contains("d3d11.dll and") && error.contains("d3d11.dll.dillinger-kept"), "{error}");
        assert_eq!(fs::read(&place.path).unwrap(), b"second");
        assert_eq!(fs::read(place.kept()).unwrap(), b"first");
    }
}
