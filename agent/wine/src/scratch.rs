//! Files of this session alone, which end with its container.

use anyhow::Context;
use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process;

/// The path of a file of this name, in a directory that nobody else writes to.
pub fn file(name: &str) -> anyhow::Result<PathBuf> {
    let directory = env::temp_dir().join(format!("dillinger-wine-{}", process::id()));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&directory);
    made.with_context(|| format!("cannot make {}", directory.display()))?;
    Ok(directory.join(name))
}

/// The path of such a file as Wine's programs understand it, whatever drives the prefix has.
pub fn windows_path(path: &Path) -> String {
    format!(r"\\?\unix{}", path.to_string_lossy().replace('/', r"\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_need_no_drive() {
        assert_eq!(windows_path(Path::new("/tmp/a/b.reg")), r"\\?\unix\tmp\a\b.reg");
    }
}
