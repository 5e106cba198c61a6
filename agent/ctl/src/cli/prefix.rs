//! Prefixes of Windows games.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// Sub-commands of `prefix`. NAME is the id of a game, or the name of its prefix's directory.
#[derive(Debug, Subcommand)]
pub enum PrefixCommand {
    /// List prefixes
    List(PrefixListArgs),
    /// Show a prefix and its snapshots
    Show(PrefixArgs),
    /// Keep a prefix as it is now, and print the name of the snapshot
    Snapshot(SnapshotArgs),
    /// Make a prefix what it was at a snapshot
    ///
    /// What it is now becomes a snapshot of its own. Saved games are not in the prefix, they stay as they are.
    Rollback(RollbackArgs),
    /// Write a whole prefix as a tar archive, for any Wine
    Export(ExportArgs),
    /// Make a prefix from a tar archive; the one that is there goes, with its snapshots
    Import(ImportArgs),
    /// Remove prefixes with their snapshots; saved games stay
    Rm(RemoveArgs),
}

/// Arguments of `prefix list`.
#[derive(Debug, Args)]
pub struct PrefixListArgs {
    /// Print names only
    #[arg(long, short)]
    pub quiet: bool,
}

/// Arguments of commands that take a prefix alone.
#[derive(Debug, Args)]
pub struct PrefixArgs {
    /// The prefix
    pub name: String,
}

/// Arguments of `prefix snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// The prefix
    pub name: String,
    /// What to say of the snapshot
    #[arg(long, short, value_name = "TEXT")]
    pub comment: Option<String>,
}

/// Arguments of `prefix rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The prefix
    pub name: String,
    /// The snapshot, as "prefix show" lists it
    pub snapshot: String,
}

/// Arguments of `prefix rm`.
#[derive(Debug, Args)]
pub struct RemoveArgs {
    /// The prefixes
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
}

/// Arguments of `prefix export` and `saves export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The game
    pub name: String,
    /// Where the archive goes; "-" is standard output
    #[arg(value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

/// Arguments of `prefix import` and `saves import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The game
    pub name: String,
    /// The archive; "-" is standard input
    #[arg(value_name = "FILE", default_value = "-", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}
