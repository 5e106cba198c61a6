//! `dillinger-sound`, the main program of a session's sound container: see the library.

use clap::Parser;
use dillinger_sound::run::{self, Ended};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::path::PathBuf;
use std::process::ExitCode;

/// The sound server of a session.
#[derive(Debug, Parser)]
#[command(name = "dillinger-sound", version)]
struct Args {
    /// Where the socket `native` is made, to which games connect
    #[arg(long, value_name = "DIRECTORY")]
    directory: PathBuf,
    /// The socket on which the streamer listens for what is played
    #[arg(long, value_name = "SOCKET")]
    streamer: PathBuf,
}

fn main() -> ExitCode {
    // First. It is alone in its container; whoever gets into that one nevertheless gets neither its memory nor its
    // descriptors.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        eprintln!("dillinger-sound: cannot close itself to other programs of its container: {error}");
        return ExitCode::FAILURE;
    }
    let args = Args::parse();
    match run::run(&args.directory, &args.streamer) {
        Ok(Ended::Asked) => ExitCode::SUCCESS,
        Ok(Ended::StreamerGone) => {
            eprintln!("dillinger-sound: the streamer has gone");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("dillinger-sound: {error}");
            ExitCode::FAILURE
        }
    }
}
