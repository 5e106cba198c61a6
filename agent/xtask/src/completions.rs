//! Completions for bash, zsh and fish.

use anyhow::Result;
use clap_complete::{Shell, generate_to};
use std::path::Path;

/// Writes `dillingerctl.bash`, `_dillingerctl` and `dillingerctl.fish`.
pub(crate) fn write(directory: &Path) -> Result<()> {
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut dillingerctl::cli::command(), "dillingerctl", directory)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shell_knows_every_sub_command() {
        let directory = tempfile::tempdir().unwrap();
        write(directory.path()).unwrap();
        for file in ["dillingerctl.bash", "_dillingerctl", "dillingerctl.fish"] {
            let text = std::fs::read_to_string(directory.path().join(file)).unwrap();
            for command in dillingerctl::cli::command().get_subcommands() {
                assert!(text.contains(command.get_name()), "{file}: {}", command.get_name());
            }
        }
    }
}
