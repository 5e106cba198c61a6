//! `dillinger-sound`, the sound server of a display container: see the library.

use clap::Parser;
use dillinger_sound::run;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::convert::Infallible;
use std::os::fd::AsFd;
use std::process::ExitCode;

/// The sound server of a session.
///
/// Standard input is the socket to which games connect, which listens and outlives this program; standard output is a pipe,
/// into which is written what they play. It needs nothing else.
#[derive(Debug, Parser)]
#[command(name = "dillinger-sound", version)]
struct Args {}

fn main() -> ExitCode {
    // First: the X server beside it has the same user, and gets neither its memory nor its descriptors.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        eprintln!("dillinger-sound: cannot close itself to other programs of its container: {error}");
        return ExitCode::FAILURE;
    }
    Args::parse();
    match serve() {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("dillinger-sound: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<Infallible, run::Error> {
    let system = |source| run::Error::System { what: "use its standard input and output", source };
    let listener = std::io::stdin().as_fd().try_clone_to_owned().map_err(system)?;
    let pipe = std::io::stdout().as_fd().try_clone_to_owned().map_err(system)?;
    run::run(listener, pipe)
}
