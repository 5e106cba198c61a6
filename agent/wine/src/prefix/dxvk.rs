//! DXVK in a prefix: Direct3D 8 to 11 through Vulkan, for programs of 64 bits.
//!
//! Debian's DXVK is made of libraries of Linux, `NAME.dll.so`, which Wine takes for a DLL when a link of that name in
//! `system32` leads there (as its `dxvk-setup` makes them) and the load order prefers it: [`Wine::session`]. That takes no
//! space in the prefix.

use super::{link, remove};
use crate::wine::{DXVK, Wine};
use anyhow::Context;
use std::fs;
use std::path::Path;

/// Where Debian has it.
const DIRECTORY: &str = "/usr/lib/dxvk/wine64";
/// Where a build of Wine has its own.
const BUILTIN: &[&str] =
    &["lib/x86_64-linux-gnu/wine/x86_64-windows", "lib/wine/x86_64-windows", "lib64/wine/x86_64-windows"];

/// Lets the prefix have DXVK, or Wine's own libraries.
pub(super) fn set(wine: &Wine, on: bool) -> anyhow::Result<()> {
    let system = wine.prefix().join("drive_c/windows/system32");
    let builtin = wine.file(BUILTIN);
    for name in DXVK {
        let path = system.join(format!("{name}.dll"));
        let library = Path::new(DIRECTORY).join(format!("{name}.dll.so"));
        if on {
            anyhow::ensure!(library.is_file(), "the image has no DXVK: there is no {}", library.display());
            link(&library, &path)?;
        } else if fs::read_link(&path).is_ok_and(|target| target.starts_with(DIRECTORY)) {
            restore(builtin.as_deref(), &path).with_context(|| format!("cannot take DXVK's {name} away"))?;
        }
    }
    Ok(())
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
