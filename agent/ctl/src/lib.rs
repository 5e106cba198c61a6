//! The command line client of Dillinger Runner, see dillingerctl(1). It knows the agent by its
//! D-Bus contract alone.

mod archive;
pub mod cli;
pub mod client;
mod commands;
pub mod exit;
pub mod manual;
pub mod output;
mod page;
mod properties;
pub mod request;
pub mod request_file;
mod stream;
mod table;
mod watch;

use clap::Parser;
use cli::Cli;
use client::Connector;
use exit::Failure;
use output::Output;
use std::process::ExitCode;

pub use commands::execute;

/// Runs the command of the process's arguments; returns the exit status of the process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let mut output = Output::standard(cli.json);
    let result = run(&cli, &mut output);
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if let Some(message) = failure.message() {
                // Nobody is left to tell if standard error is gone too.
                let _ = output.complain(&format!("dillingerctl: {message}"));
            }
            ExitCode::from(failure.exit_code())
        }
    }
}

fn usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    let code = if error.use_stderr() { exit::USAGE } else { exit::SUCCESS };
    ExitCode::from(if printed.is_ok() { code } else { exit::FAILED })
}

fn run(cli: &Cli, output: &mut Output) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(execute(cli, &Connector::SessionBus, output));
    // A thread may still wait for a line of a log that nobody wants any more.
    runtime.shutdown_background();
    result
}
