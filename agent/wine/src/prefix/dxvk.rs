//! DXVK in a prefix: Direct3D 8 to 11 through Vulkan.
//!
//! Debian's DXVK is made of DLLs named `NAME.dll.so`. Wine loads one when a link of the DLL's name leads there (as Debian's
//! `dxvk-setup` makes them) and the load order prefers it: [`Wine::session`]. That takes no space in the prefix.

use super::{link, remove};
use crate::wine::{DXVK, Wine};
use anyhow::Context;
use std::fs;
use std::path::Path;

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
            let path = system.join(format!("{name}.dll"));
            if on {
                add(&half, name, &path)?;
            } else if fs::read_link(&path).is_ok_and(|target| target.starts_with(half.dxvk)) {
                restore(builtin.as_deref(), &path).with_context(|| format!("cannot take DXVK's {name} away"))?;
            }
        }
    }
    Ok(())
}

fn add(half: &Half, name: &str, path: &Path) -> anyhow::Result<()> {
    let library = Path::new(half.dxvk).join(format!("{name}.dll.so"));
    anyhow::ensure!(library.is_file(), "the image has no DXVK: there is no {}", library.display());
    link(&library, path)
}

/// Puts Wine's own library back, without which programs that look for the file find none.
fn restore(builtin: Option<&Path>, path: &Path) -> anyhow::Result<()> {
    remove(path)?;
    let own = builtin.zip(path.file_name()).map(|(directory, name)| directory.join(name));
    if let Some(own) = own.filter(|own| own.is_file()) {
        fs::copy(own, path)?;
    }
    Ok(())
}
