//! Generated files: completions and manual pages of dillingerctl.
//!
//! `cargo run -p xtask -- gen OUTDIR` writes them when the product is built for installation.

mod completions;
mod manual;

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [command, directory] if command == "gen" => {
            let directory = PathBuf::from(directory);
            std::fs::create_dir_all(&directory).with_context(|| format!("cannot create {}", directory.display()))?;
            completions::write(&directory)?;
            manual::write(&directory)
        }
        _ => bail!("expected: xtask gen OUTDIR"),
    }
}
