//! One program and all that it starts, from its start to the end of the last of them.

use crate::command_line::Start;
use crate::events::Events;
use crate::processes::{Event, Processes, Started};
use crate::scratch;
use crate::wine::Wine;
use anyhow::Context;
use std::env;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

/// The program that starts the game, beside this one.
const LAUNCHER: &str = "dillinger-launch.exe";

/// How far the end is that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    /// The windows were asked to close.
    Closing,
    /// The processes are being terminated.
    Terminating,
}

/// The prefix in which a program is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether it has DXVK.
    pub dxvk: bool,
    /// Whether one of its drives leads to the container's root.
    pub root: bool,
}

/// Runs the program until the last process of its job has ended, or until signals or the time have ended them.
pub fn run(start: &Start, options: Options, wine: &Wine, processes: &Processes) -> anyhow::Result<Events> {
    let events = scratch::file("events")?;
    let mut program = launcher()?;
    if !options.root && !wine.is_proton() {
        // Wine would look for a drive that has it.
        program = scratch::windows_path(&program).into();
    }
    let name = scratch::windows_path(&events);
    let mut launched = processes.start(wine.session([program.as_os_str(), name.as_ref()], options.dxvk))?;
    for text in [&start.directory, &start.program, &start.command_line] {
        say(&mut launched, text);
    }
    let status = supervise(&mut launched, processes)?;
    let events = fs::read(&events).map(|bytes| Events::parse(&String::from_utf8_lossy(&bytes))).unwrap_or_default();
    if let Some(error) = events.failed {
        anyhow::bail!("{} cannot be started: {}", start.program, reason(error));
    }
    match status {
        Some(status) if events.started.is_none() => {
            anyhow::bail!("Wine ended with status {status} before it had started {}", start.program)
        }
        _ => Ok(events),
    }
}

/// Gives the launcher's status; none if it has not ended.
fn supervise(launched: &mut Started, processes: &Processes) -> anyhow::Result<Option<i32>> {
    let mut phase = Phase::Running;
    let mut until = None;
    let times = processes.times();
    loop {
        match processes.wait(launched.pid, until)? {
            Event::Ended(status) => return Ok(Some(status)),
            Event::Stop if phase == Phase::Running => {
                say(launched, "close");
                phase = Phase::Closing;
                until = Some(Instant::now() + times.close);
            }
            Event::Stop | Event::Timeout if phase == Phase::Closing => {
                say(launched, "terminate");
                phase = Phase::Terminating;
                until = Some(Instant::now() + times.terminate);
            }
            Event::Timeout => return Ok(None),
            Event::Stop => {}
        }
    }
}

/// Sends the launcher a text. If it does not read it, it has ended, which is seen elsewhere.
fn say(launched: &mut Started, text: &str) {
    if let Some(stdin) = &mut launched.stdin {
        let _ = stdin.write_all(format!("{text}\0").as_bytes());
    }
}

fn launcher() -> anyhow::Result<PathBuf> {
    let own = env::current_exe().context("where this program is")?;
    let path = own.with_file_name(LAUNCHER);
    anyhow::ensure!(path.is_file(), "there is no {}", path.display());
    Ok(path)
}

/// Why Windows could not start a program. Numbers and meanings are those of `winerror.h`.
fn reason(error: u32) -> String {
    let text = match error {
        2 => "the file was not found",
        3 => "its directory was not found",
        5 => "it may not be read, or it is no Windows program",
        11 | 193 => "it is no program that this Wine can run",
        126 => "a library that it needs was not found",
        216 => "it is for another processor",
        267 => "its working directory is no directory",
        _ => return format!("Windows error {error}"),
    };
    format!("{text} (Windows error {error})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_its_number() {
        assert_eq!(reason(2), "the file was not found (Windows error 2)");
        assert_eq!(reason(1455), "Windows error 1455");
    }
}
