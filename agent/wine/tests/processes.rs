//! Processes and signals, in a process of its own: a supervisor takes over both.

use anyhow::{Context, Result, ensure};
use dillinger_wine::processes::{Event, Processes, Stopped};
use nix::sys::signal::{Signal, kill, raise};
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

fn main() -> Result<()> {
    let processes = Processes::new()?;
    statuses(&processes).context("statuses")?;
    orphans(&processes).context("orphans")?;
    signals(&processes).context("signals")?;
    println!("test result: ok. 3 passed; 0 failed");
    Ok(())
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn statuses(processes: &Processes) -> Result<()> {
    ensure!(processes.run(shell("exit 3"))? == 3);
    ensure!(processes.run(shell("kill -9 $$"))? == 128 + 9);
    ensure!(processes.start(Command::new("/nonexistent")).is_err());
    let unblocked = "grep -q '^SigBlk:[[:space:]]*0*$' /proc/self/status";
    ensure!(processes.run(shell(unblocked))? == 0, "a child begins with blocked signals");
    Ok(())
}

/// Processes whose parents have ended are ended with all others, also when they ignore what would ask them to.
fn orphans(processes: &Processes) -> Result<()> {
    let script = "(trap '' INT TERM; sleep 1000 & sleep 1000; :) & exit 0";
    ensure!(processes.run(shell(script))? == 0);
    ensure!(!processes.settle(Duration::from_millis(20))?, "nobody has taken the orphans over");
    processes.end_all();
    ensure!(processes.settle(Duration::ZERO)?, "something is left");
    Ok(())
}

fn signals(processes: &Processes) -> Result<()> {
    let sleeper = || processes.start(shell("exec sleep 1000"));
    let started = sleeper()?;
    ensure!(processes.wait(started.pid, Some(Instant::now()))? == Event::Timeout);
    raise(Signal::SIGUSR1)?;
    raise(Signal::SIGTERM)?;
    ensure!(processes.wait(started.pid, None)? == Event::Stop, "SIGTERM asks for the end, SIGUSR1 does not");

    raise(Signal::SIGTERM)?;
    processes.end_all();
    ensure!(fs::metadata(format!("/proc/{}", started.pid)).is_err(), "a signal has held up the end");
    let started = sleeper()?;
    ensure!(processes.wait(started.pid, None)? == Event::Stop, "the signal was lost");

    raise(Signal::SIGINT)?;
    let error = processes.run(shell("exec sleep 1000")).err().context("SIGINT did not stop it")?;
    ensure!(error.is::<Stopped>());
    kill(started.pid, Signal::SIGKILL)?;
    ensure!(processes.wait(started.pid, None)? == Event::Ended(128 + 9));
    processes.end_all();
    Ok(())
}
