//! Processes and signals, in a process of its own: a supervisor takes over both.

use anyhow::{Context, Result, ensure};
use dillinger_wine::processes::{Event, Processes, Stopped};
use dillinger_wine::stop::StopTimes;
use nix::sys::signal::{Signal, kill, raise};
use std::fs;
use std::os::unix::fs::symlink;
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
    let times = StopTimes::new(Duration::from_secs(2));
    processes.limit(times);
    let began = Instant::now();
    processes.end_all();
    ensure!(processes.settle(Duration::ZERO)?, "something is left");
    ensure!(began.elapsed() < times.save + times.kill, "what ignores its end has held it up");
    wineserver(processes, times)
}

/// A wineserver that does not end is waited for, but not for ever.
fn wineserver(processes: &Processes, times: StopTimes) -> Result<()> {
    let directory = tempfile::tempdir()?;
    let (program, ready) = (directory.path().join("wineserver"), directory.path().join("ready"));
    symlink("/bin/sh", &program)?;
    let mut command = Command::new(&program);
    command.args(["-c", "trap '' INT; : >\"$1\"; while :; do sleep 1000; done", "wineserver"]).arg(&ready);
    processes.start(command)?;
    while !ready.exists() {
        ensure!(!processes.settle(Duration::from_millis(5))?, "it has ended");
    }
    let began = Instant::now();
    processes.end_all();
    let took = began.elapsed();
    ensure!(processes.settle(Duration::ZERO)?, "something is left");
    ensure!((times.save..times.save + times.kill).contains(&took), "it took {took:?}");
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
