//! `dillinger-display`, the main program of a session's display container: see the library.

use clap::Parser;
use dillinger_display::args::Args;
use dillinger_display::{run, x11};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // First: the X server beside it has the same user, and gets neither its memory nor its descriptors.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        eprintln!("dillinger-display: cannot close itself to other programs of its container: {error}");
        return ExitCode::FAILURE;
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,smithay=warn"));
    // The window manager's lower levels have texts of programs in them, and it would panic at one that is not UTF-8.
    let filter = match "smithay::xwayland::xwm=error".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    // The journal has the time and stores each line as it is.
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .without_time()
        .with_ansi(false)
        .init();
    let result = match x11::stand_in() {
        Some(ended) => ended.map_err(Into::into),
        None => run::run(&Args::parse()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
