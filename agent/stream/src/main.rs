//! `dillinger-stream`, the main program of a session's streamer container: see the library.

use clap::Parser;
use dillinger_stream::args::Args;
use dillinger_stream::run;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // First. It is alone in its container; whoever gets into that one nevertheless gets neither its memory nor its
    // descriptors.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        eprintln!("dillinger-stream: cannot close itself to other programs of its container: {error}");
        return ExitCode::FAILURE;
    }
    let args = Args::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // The journal has the time and stores each line as it is.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .with_ansi(false)
        .init();
    match run::run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
