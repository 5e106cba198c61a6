//! Saves.

use super::{ExportArgs, ImportArgs};
use clap::{Args, Subcommand};

/// Sub-commands of `saves`. NAME is the id of a game, or the name of the directory of its saves.
#[derive(Debug, Subcommand)]
pub enum SavesCommand {
    /// List the saves of games
    List(SavesListArgs),
    /// Write the saves of a game as a tar archive
    Export(ExportArgs),
    /// Make the saves of a game those of a tar archive; what is there goes
    Import(ImportArgs),
}

/// Arguments of `saves list`.
#[derive(Debug, Args)]
pub struct SavesListArgs {
    /// Print names only
    #[arg(long, short)]
    pub quiet: bool,
}
