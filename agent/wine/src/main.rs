//! `dillinger-wine`, the main program of a Windows session's container: see the library.

use clap::{Parser, Subcommand};
use dillinger_wine::run;
use std::path::PathBuf;
use std::process::ExitCode;

/// Runs one Windows program in its prefix.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Does what the file says and writes report.json beside it.
    Run {
        /// What the agent has written.
        file: PathBuf,
    },
}

fn main() -> ExitCode {
    let Command::Run { file } = Args::parse().command;
    ExitCode::from(run::run(&file))
}
