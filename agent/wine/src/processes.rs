//! All processes of the container below this one, and the signals that this one gets.

use crate::stop::StopTimes;
use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};
use std::cell::Cell;
use std::fs;
use std::os::fd::AsFd;
use std::process::{ChildStdin, Command};
use std::time::{Duration, Instant};

/// Everything that is to end when the session does: processes whose parent has ended become children of this one.
#[derive(Debug)]
pub struct Processes {
    signals: SignalFd,
    /// A signal has asked for the end when nobody waited for it.
    stopping: Cell<bool>,
    times: Cell<StopTimes>,
}

/// A program that was started.
#[derive(Debug)]
pub struct Started {
    /// Its process.
    pub pid: Pid,
    /// Its standard input, if that is a pipe.
    pub stdin: Option<ChildStdin>,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The process that was waited for has ended with this status, 128 and the signal's number if a signal ended it.
    Ended(i32),
    /// A signal asks for the end.
    Stop,
    /// The time is over.
    Timeout,
}

/// A signal came while the prefix was prepared.
#[derive(Debug, thiserror::Error)]
#[error("the session was stopped before the program was started")]
pub struct Stopped;

impl Processes {
    /// Takes over the signals of this thread, and the processes that lose their parent. There must be no other thread.
    pub fn new() -> anyhow::Result<Self> {
        prctl::set_child_subreaper(true).context("prctl(PR_SET_CHILD_SUBREAPER)")?;
        let mut set = SigSet::empty();
        set.add(Signal::SIGCHLD);
        for signal in STOP.iter().chain(&IGNORED) {
            set.add(*signal);
        }
        // A child begins with no signal blocked: the standard library sees to it.
        set.thread_block().context("sigprocmask")?;
        let signals = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).context("signalfd")?;
        Ok(Self { signals, stopping: Cell::new(false), times: Cell::new(StopTimes::default()) })
    }

    /// Sets how long each step of a stop may take.
    pub fn limit(&self, times: StopTimes) {
        self.times.set(times);
    }

    /// How long each step of a stop may take.
    pub fn times(&self) -> StopTimes {
        self.times.get()
    }

    /// Starts a program.
    pub fn start(&self, mut command: Command) -> anyhow::Result<Started> {
        let child = command.spawn();
        let mut child = child.with_context(|| format!("cannot start {}", command.get_program().display()))?;
        // Not waited for there, but with all others.
        let pid = Pid::from_raw(child.id().try_into().context("a process identifier")?);
        Ok(Started { pid, stdin: child.stdin.take() })
    }

    /// Runs a program to its end and gives its status.
    ///
    /// # Errors
    ///
    /// [`Stopped`] when a signal asks for the end before.
    pub fn run(&self, command: Command) -> anyhow::Result<i32> {
        let started = self.start(command)?;
        match self.wait(started.pid, None)? {
            Event::Ended(status) => Ok(status),
            Event::Stop | Event::Timeout => Err(Stopped.into()),
        }
    }

    /// Waits until the process has ended or something else happens. No `until`: for ever.
    pub fn wait(&self, pid: Pid, until: Option<Instant>) -> anyhow::Result<Event> {
        loop {
            if let Some(status) = reap(Some(pid)).status {
                return Ok(Event::Ended(status));
            }
            if self.stopping.take() {
                return Ok(Event::Stop);
            }
            if let Some(event) = self.signal(until)? {
                return Ok(event);
            }
        }
    }

    /// Waits for a signal. `None`: some process may have ended.
    fn signal(&self, until: Option<Instant>) -> anyhow::Result<Option<Event>> {
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(Some(Event::Timeout));
        }
        // Rounded up, so that it does not wait again for a part of a millisecond.
        let left = left.map(|left| left + Duration::from_millis(1));
        let timeout = left.map_or(PollTimeout::NONE, |left| PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX));
        match poll(&mut [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)], timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error).context("poll"),
        }
        while let Some(info) = self.signals.read_signal().context("signalfd")? {
            if STOP.iter().any(|signal| i32::try_from(info.ssi_signo) == Ok(*signal as i32)) {
                return Ok(Some(Event::Stop));
            }
        }
        Ok(None)
    }

    /// Waits until no process is left, at most so long. Gives whether none is.
    pub fn settle(&self, most: Duration) -> anyhow::Result<bool> {
        let until = Instant::now() + most;
        loop {
            if reap(None).none_left {
                return Ok(true);
            }
            match self.signal(Some(until))? {
                Some(Event::Timeout) => return Ok(false),
                Some(Event::Stop) => return Err(Stopped.into()),
                Some(Event::Ended(_)) | None => {}
            }
        }
    }

    /// Ends all processes. The wineserver writes the registry before it ends; the others have nothing to write.
    pub fn end_all(&self) {
        if reap(None).none_left {
            return;
        }
        // The wineserver would end them too, but only after it has waited for them for half a second.
        send(|name| if is_wineserver(name) { Signal::SIGINT } else { Signal::SIGKILL });
        let StopTimes { save, kill, .. } = self.times();
        if self.gone(save) {
            return;
        }
        // Again and again for those that have lost their parent by the last time, but one that the kernel does not let
        // end must not hold the report up.
        let until = Instant::now() + kill;
        while send(|_| Signal::SIGKILL) > 0 && !self.gone(kill / 8) && Instant::now() < until {}
    }

    /// [`Self::settle`] for the end, which a signal does not hold up.
    fn gone(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.settle(left) {
                Ok(gone) => return gone,
                Err(error) if error.is::<Stopped>() => self.stopping.set(true),
                Err(_) => return false,
            }
        }
    }
}

/// Signals that ask for the end. The container's init forwards all that it gets.
const STOP: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];
/// Signals that would end this process and mean nothing to a Windows program.
const IGNORED: [Signal; 4] = [Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGALRM, Signal::SIGPIPE];

struct Reaped {
    /// Status of the process that was asked for, if it was among them.
    status: Option<i32>,
    none_left: bool,
}

/// Takes notice of all processes that have ended.
fn reap(wanted: Option<Pid>) -> Reaped {
    let mut reaped = Reaped { status: None, none_left: false };
    loop {
        let (pid, status) = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, status)) => (pid, status),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, 128 + signal as i32),
            Ok(WaitStatus::StillAlive) => return reaped,
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => {
                reaped.none_left = true;
                return reaped;
            }
        };
        if Some(pid) == wanted {
            reaped.status = Some(status);
        }
    }
}

fn is_wineserver(name: &str) -> bool {
    name.starts_with("wineserver")
}

/// Sends each child the signal for its program's name, and gives the number of children.
fn send(signal: impl Fn(&str) -> Signal) -> usize {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Pid::from_raw));
    let sent = pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let child = parse_stat(&stat).filter(|(_, parent)| *parent == getpid());
        child.is_some_and(|(name, _)| kill(*pid, signal(name)).is_ok())
    });
    sent.count()
}

/// Name of the program and parent from `proc_pid_stat(5)`.
fn parse_stat(stat: &str) -> Option<(&str, Pid)> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let parent = tail.split_whitespace().nth(1)?.parse().ok()?;
    Some((name, Pid::from_raw(parent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_have_anything_in_them() {
        assert_eq!(parse_stat("42 (a) b (c) S 7 42 42 0"), Some(("a) b (c", Pid::from_raw(7))));
        assert_eq!(parse_stat("42 (wineserver64) S 1 42"), Some(("wineserver64", Pid::from_raw(1))));
        assert_eq!(parse_stat(""), None);
    }
}
