//! The task behind an open log: journal to pipe, history, then new lines, then the end.

use super::export::Entry;
use super::journalctl::{Journalctl, Pass, Start, matches};
use super::line::{Converter, Written, write_incomplete};
use super::settle::{PROBE_INTERVAL, PROBE_WAIT, PROBES, QUIET, probe_name, send_probe, synchronize};
use super::{Journal, LogRequest};
use crate::clock::now_usec;
use crate::stream::pipe;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::unix::pipe::Sender;
use tokio::time::{sleep, timeout};

/// Notices about a session's lost messages come with the first message after journald's rate limit interval.
const NOTICE_DELAY_USEC: u64 = 60_000_000;
const TERMINATION_TIMEOUT: Duration = Duration::from_secs(2);

/// Why a transfer stops before its end.
enum Stop {
    ReaderGone,
    Failed(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

#[derive(Debug)]
pub(super) struct Transfer {
    journal: Journal,
    sender: Sender,
    matches: Vec<String>,
    probe: String,
    converter: Converter,
    start: Start,
    out: Vec<u8>,
    any_seen: bool,
    probe_seen: bool,
    notice_seen: bool,
}

impl Transfer {
    pub(super) fn new(journal: Journal, request: &LogRequest, sender: Sender) -> Self {
        let probe = probe_name(now_usec());
        let until = request.ended_usec.map(|ended| ended.saturating_add(NOTICE_DELAY_USEC));
        Self {
            matches: matches(journal.uid, request, &probe),
            converter: Converter::new(journal.uid, &request.units, request.created_usec, until),
            start: request.cursor.clone().map_or(Start::Since(request.created_usec), Start::After),
            journal,
            sender,
            probe,
            out: Vec::new(),
            any_seen: false,
            probe_seen: false,
            notice_seen: false,
        }
    }

    pub(super) async fn run(mut self, request: LogRequest, ended: impl Future<Output = ()>) {
        if let Err(Stop::Failed(error)) = self.transfer(&request, ended).await {
            tracing::warn!("log of {:?} ended early: {error}", request.units);
            self.out.clear();
            write_incomplete(now_usec(), &format!("the log ends here: {error}"), &mut self.out);
            let _ = self.sender.write_all(&self.out).await;
        }
    }

    async fn transfer(&mut self, request: &LogRequest, ended: impl Future<Output = ()>) -> Result<(), Stop> {
        if let Some(lines) = request.lines {
            self.seek_last(lines, request).await?;
        }
        if request.follow {
            let synchronized = self.follow(ended).await?;
            return self.account(synchronized).await;
        }
        let journal = self.journal.clone();
        self.unless_closed(synchronize(&journal)).await?;
        self.pass().await?;
        Ok(())
    }

    /// Moves the start so that `lines` lines follow it: goes back from the newest entry, holding none of them.
    async fn seek_last(&mut self, lines: u32, request: &LogRequest) -> Result<(), Stop> {
        if lines == 0 {
            self.start = Start::Since(now_usec());
            return Ok(());
        }
        let oldest = Start::Since(request.created_usec);
        let mut journalctl = Journalctl::spawn(&self.journal, &self.matches, &oldest, Pass::Reverse)?;
        let mut missing = lines;
        loop {
            let entries = self.unless_closed(journalctl.entries()).await??;
            if entries.is_empty() {
                return Ok(journalctl.finish().await?);
            }
            if self.count_down(&mut missing, &entries, request.cursor.as_deref()) {
                journalctl.kill().await;
                return Ok(());
            }
        }
    }

    /// Whether the start is found: where no line is missing any more, or at the entry the caller knows already.
    fn count_down(&mut self, missing: &mut u32, entries: &VecDeque<Entry>, known: Option<&str>) -> bool {
        for entry in entries {
            if known == Some(entry.cursor.as_str()) {
                return true;
            }
            self.out.clear();
            *missing -= u32::from(self.converter.write(entry, &mut self.out) != Written::Nothing);
            if *missing == 0 {
                self.start = Start::At(entry.cursor.clone());
                return true;
            }
        }
        false
    }

    /// Everything from the start to the newest entry; how many entries that was.
    async fn pass(&mut self) -> Result<usize, Stop> {
        let mut count = 0;
        let mut journalctl = Journalctl::spawn(&self.journal, &self.matches, &self.start, Pass::Forward)?;
        loop {
            let entries = self.unless_closed(journalctl.entries()).await??;
            if entries.is_empty() {
                journalctl.finish().await?;
                return Ok(count);
            }
            count += entries.len();
            self.forward(entries).await?;
        }
    }

    /// History and new entries until the session has ended. Whether journald said that it has taken in all of it.
    async fn follow(&mut self, ended: impl Future<Output = ()>) -> Result<bool, Stop> {
        let mut journalctl = Journalctl::spawn(&self.journal, &self.matches, &self.start, Pass::Follow)?;
        let mut ended = std::pin::pin!(ended);
        loop {
            let entries = tokio::select! {
                biased;
                () = pipe::closed(&self.sender) => return Err(Stop::ReaderGone),
                entries = journalctl.entries() => entries?,
                () = &mut ended => break,
            };
            if entries.is_empty() {
                journalctl.finish().await?;
                return Err(io::Error::other("journalctl stopped following the journal").into());
            }
            self.forward(entries).await?;
        }
        let journal = self.journal.clone();
        let synchronized = self.unless_closed(synchronize(&journal)).await?;
        journalctl.terminate();
        self.drain(&mut journalctl).await?;
        journalctl.kill().await;
        Ok(synchronized)
    }

    /// Forwards what a journalctl that was told to end has still to say.
    async fn drain(&mut self, journalctl: &mut Journalctl) -> Result<(), Stop> {
        while let Ok(entries) = self.unless_closed(timeout(TERMINATION_TIMEOUT, journalctl.entries())).await? {
            let entries = entries?;
            if entries.is_empty() {
                break;
            }
            self.forward(entries).await?;
        }
        Ok(())
    }

    /// Reads the rest, and makes sure that the log is complete or says that it is not.
    async fn account(&mut self, synchronized: bool) -> Result<(), Stop> {
        if !synchronized {
            self.read_until_quiet().await?;
        }
        self.notice_seen = false;
        let journal = self.journal.clone();
        for round in 0..PROBES {
            let sent = send_probe(&journal, &self.probe).await.is_ok();
            if synchronized {
                self.unless_closed(synchronize(&journal)).await?;
            } else if sent {
                self.unless_closed(sleep(PROBE_WAIT)).await?;
            }
            self.pass().await?;
            if self.probe_seen && (round == 0 || self.notice_seen) {
                return Ok(());
            }
            if self.probe_seen {
                return self.incomplete("journald dropped messages; how many, it tells group systemd-journal").await;
            }
            if !sent || !self.any_seen {
                break;
            }
            self.converter.lose_probe();
            self.unless_closed(sleep(PROBE_INTERVAL)).await?;
        }
        self.incomplete("messages may be missing: journald drops them, or its journal is not readable").await
    }

    /// Reads on until journald has stored nothing more of the session for a while. By passes, because a follower is
    /// told of new entries only four times a second.
    async fn read_until_quiet(&mut self) -> Result<(), Stop> {
        loop {
            self.unless_closed(sleep(QUIET)).await?;
            if self.pass().await? == 0 {
                return Ok(());
            }
        }
    }

    async fn incomplete(&mut self, why: &str) -> Result<(), Stop> {
        self.out.clear();
        write_incomplete(now_usec(), why, &mut self.out);
        self.sender.write_all(&self.out).await.map_err(|_| Stop::ReaderGone)
    }

    /// Writes the entries' lines; waits as long as the reader does.
    async fn forward(&mut self, entries: VecDeque<Entry>) -> Result<(), Stop> {
        self.out.clear();
        for entry in entries {
            self.any_seen = true;
            self.probe_seen |= entry.probe.as_ref() == Some(&self.probe);
            self.notice_seen |= self.converter.write(&entry, &mut self.out) == Written::Dropped;
            self.start = Start::After(entry.cursor);
        }
        self.sender.write_all(&self.out).await.map_err(|_| Stop::ReaderGone)
    }

    async fn unless_closed<T>(&self, work: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = pipe::closed(&self.sender) => Err(Stop::ReaderGone),
            result = work => Ok(result),
        }
    }
}
