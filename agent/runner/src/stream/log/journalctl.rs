//! journalctl as a child process: its arguments, its output, its end.

use super::export::{Entry, FIELDS, Parser};
use super::line::{DROPPED_MESSAGE_ID, stem};
use super::{Journal, LogRequest};
use std::collections::VecDeque;
use std::io;
use std::process::{ExitStatus, Stdio};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStdout, Command};

const CHUNK_BYTES: usize = 64 * 1024;
const STDERR_MAX: u64 = 4096;

/// Where reading starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Start {
    /// At this time, in microseconds since the epoch.
    Since(u64),
    /// At the entry with this cursor.
    At(String),
    /// After the entry with this cursor.
    After(String),
}

impl Start {
    fn argument(&self) -> String {
        match self {
            Self::Since(usec) => format!("--since=@{}.{:06}", usec / 1_000_000, usec % 1_000_000),
            Self::At(cursor) => format!("--cursor={cursor}"),
            Self::After(cursor) => format!("--after-cursor={cursor}"),
        }
    }
}

/// How to go through the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// From the start to the newest, then end.
    Forward,
    /// From the newest back to the start.
    Reverse,
    /// Forward, then wait for more.
    Follow,
}

/// The matches for everything that belongs to the log of a session.
///
/// Trusted fields decide (the ones with an underscore, which journald sets itself). An entry of a process that was
/// gone before journald looked at it has no unit; its stream's identifier, which Quadlet sets to the unit's stem,
/// still tells whose it is.
pub(super) fn matches(uid: u32, request: &LogRequest, probe: &str) -> Vec<String> {
    let units = request.units.iter().map(|unit| format!("_SYSTEMD_USER_UNIT={unit}"));
    let identifiers = request.units.iter().map(|unit| format!("SYSLOG_IDENTIFIER={}", stem(unit)));
    let mut matches = vec![format!("_SYSTEMD_OWNER_UID={uid}")];
    matches.extend(units);
    matches.extend(["+".to_owned(), format!("_UID={uid}"), "_TRANSPORT=stdout".to_owned()]);
    matches.extend(identifiers);
    matches.extend(["+", "_TRANSPORT=driver"].map(str::to_owned));
    matches.push(format!("MESSAGE_ID={DROPPED_MESSAGE_ID}"));
    matches.extend(["+".to_owned(), format!("_UID={uid}"), format!("DILLINGER_LOG_PROBE={probe}")]);
    matches
}

/// A running journalctl and what is read of it.
///
/// It is killed when this is dropped. Reading stops when nobody asks for entries, and journalctl then waits: the
/// back-pressure of a slow reader reaches it through its pipe.
#[derive(Debug)]
pub(super) struct Journalctl {
    child: Child,
    stdout: ChildStdout,
    parser: Parser,
    ready: VecDeque<Entry>,
    chunk: Vec<u8>,
}

impl Journalctl {
    pub(super) fn spawn(journal: &Journal, matches: &[String], start: &Start, pass: Pass) -> io::Result<Self> {
        let mut command = Command::new(&journal.journalctl);
        // Not `--user`: that leaves out the system journal, where journald says what it dropped, and all of the
        // journal where storage is volatile. `-q`: no hints about files that this user may not read.
        command.args(["-q", "--no-pager", "-o", "export"]).arg(format!("--output-fields={FIELDS}"));
        match pass {
            Pass::Forward => {}
            Pass::Reverse => drop(command.arg("--reverse")),
            Pass::Follow => drop(command.args(["--follow", "--no-tail"])),
        }
        command.arg(start.argument()).args(matches);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("journalctl has no output"))?;
        let chunk = vec![0; CHUNK_BYTES];
        Ok(Self { child, stdout, parser: Parser::default(), ready: VecDeque::new(), chunk })
    }

    /// Waits for entries and returns all that came; empty at the end of the output. May be cancelled at any time
    /// without losing an entry.
    pub(super) async fn entries(&mut self) -> io::Result<VecDeque<Entry>> {
        while self.ready.is_empty() {
            let length = self.stdout.read(&mut self.chunk).await?;
            if length == 0 {
                break;
            }
            let piece = self.chunk.get(..length).unwrap_or_default();
            self.parser.push(piece, &mut |entry| self.ready.push_back(entry));
        }
        Ok(std::mem::take(&mut self.ready))
    }

    /// Asks it to end; what it has printed can still be read.
    pub(super) fn terminate(&mut self) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            let pid = nix::unistd::Pid::from_raw(pid);
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        }
    }

    /// Kills and reaps it.
    pub(super) async fn kill(mut self) {
        let _ = self.child.kill().await;
    }

    /// Waits for its end; what it complained about, if it failed.
    pub(super) async fn finish(mut self) -> io::Result<()> {
        let mut complaint = Vec::new();
        if let Some(stderr) = self.child.stderr.take() {
            stderr.take(STDERR_MAX).read_to_end(&mut complaint).await?;
        }
        let status: ExitStatus = self.child.wait().await?;
        if status.success() {
            return Ok(());
        }
        let complaint = String::from_utf8_lossy(&complaint);
        let first = complaint.lines().next().unwrap_or("no message");
        Err(io::Error::other(format!("journalctl failed ({status}): {first}")))
    }
}

#[cfg(test)]
mod tests;
