//! The agent, and the commands that session units run at their start and end.

use anyhow::{Context, Result, bail};
use dillinger_runner::agent;
use dillinger_runner::gamepad::Kept;
use dillinger_runner::lend;
use dillinger_runner::paths::Paths;
use dillinger_runner::recorder::{self, Directories};
use dillinger_runner_core::id::{Role, SessionId};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::prelude::*;

const USAGE: &str = "usage: dillinger-runner
       dillinger-runner session-starting --runtime DIR --state DIR ID
       dillinger-runner session-stopping|session-end --runtime DIR --state DIR ID [display|sound|streamer]
       dillinger-runner --version | --help

Without a command it serves org.dillinger.Runner1 on the user's session bus; systemd
starts it (dillinger-runner.service). The commands are run by the units of sessions.";

/// Threads that may wait for file systems at a time.
const BLOCKING_THREADS: usize = 16;

enum Call {
    Serve,
    Starting(Directories, SessionId),
    Stopping(Directories, SessionId, Role),
    End(Directories, SessionId, Role),
    Print(String),
}

fn main() -> ExitCode {
    let result = parse(&std::env::args().skip(1).collect::<Vec<_>>()).and_then(perform);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            eprintln!("dillinger-runner: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<Call> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(Call::Serve),
        ["--version"] => Ok(Call::Print(format!("dillinger-runner {}", env!("CARGO_PKG_VERSION")))),
        ["--help" | "-h"] => Ok(Call::Print(USAGE.to_owned())),
        [command, "--runtime", runtime, "--state", state, id, part @ ..] => {
            let role = match part {
                [] => Role::Game,
                [word] => Role::of_word(word).with_context(|| format!("no such part: {word}\n{USAGE}"))?,
                _ => bail!("wrong arguments\n{USAGE}"),
            };
            let directories = Directories { runtime: PathBuf::from(runtime), state: PathBuf::from(state) };
            let id = id.parse().with_context(|| format!("reading the session id {id:?}"))?;
            match *command {
                "session-starting" if role == Role::Game => Ok(Call::Starting(directories, id)),
                "session-stopping" => Ok(Call::Stopping(directories, id, role)),
                "session-end" => Ok(Call::End(directories, id, role)),
                other => bail!("no such command: {other}\n{USAGE}"),
            }
        }
        _ => bail!("wrong arguments\n{USAGE}"),
    }
}

fn perform(call: Call) -> Result<()> {
    // One thread: the agent waits nearly always, and a second one would only
    // cost memory.
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_all().max_blocking_threads(BLOCKING_THREADS).build().context("starting the runtime")
    };
    match call {
        Call::Print(text) => println!("{text}"),
        Call::Starting(directories, id) => lend::ipc_namespace(&directories, id)?,
        Call::Stopping(directories, id, role) => recorder::stopping(&directories, id, role)?,
        Call::End(directories, id, role) => runtime()?.block_on(recorder::end(&directories, id, role))?,
        Call::Serve => {
            // First of all, as long as there is one thread.
            let kept = Kept::take();
            log();
            drop_capabilities();
            let paths = Paths::from_environment()?;
            let runtime = runtime()?;
            let served = runtime.block_on(async { agent::run(agent::connect().await?, paths, kept).await });
            // A thread that hangs in a file system must not hold the agent back.
            runtime.shutdown_background();
            served?;
        }
    }
    Ok(())
}

/// To the journal where systemd started us, else to the terminal.
fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("DILLINGER_LOG").unwrap_or_else(|_| "info".into());
    let registry = tracing_subscriber::registry().with(filter);
    let journal = std::env::var_os("JOURNAL_STREAM").and_then(|_| tracing_journald::layer().ok());
    match journal {
        Some(journal) => registry.with(journal.with_syslog_identifier("dillinger-runner".to_owned())).init(),
        None => registry.with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr)).init(),
    }
}

/// The agent needs no capability at all: one that it was given (systemd gives
/// `CAP_WAKE_ALARM` to user managers), or has as root, is not to be lent to
/// anybody.
fn drop_capabilities() {
    for set in [caps::CapSet::Ambient, caps::CapSet::Inheritable, caps::CapSet::Effective, caps::CapSet::Permitted] {
        let has = caps::read(None, set).is_ok_and(|held| !held.is_empty());
        if has && let Err(error) = caps::clear(None, set) {
            tracing::warn!(%error, "the {set:?} capabilities could not be dropped");
        }
    }
}
