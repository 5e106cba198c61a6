//! The last words of units that did not start, or that failed.

use super::export::Entry;
use super::journalctl::{Journalctl, Pass, Start, matches};
use super::line::{Converter, Written};
use super::settle::{QUIET, probe_name, synchronize};
use super::{Journal, LogRequest};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

const TIMEOUT: Duration = Duration::from_secs(3);
/// How much of a line [`Tail::has`] looks at, in bytes.
const LOOKED_AT: usize = 1024;
/// The programs that prepare a container and say why they could not, and those of a display, which say why they end.
/// The kernel keeps 15 characters (`proc_pid_comm(5)`).
const STARTERS: [&str; 9] = [
    "podman",
    "crun",
    "runc",
    "conmon",
    "podman-init",
    "catatonit",
    "dillinger-displ",
    "dillinger-sound",
    "dillinger-strea",
];

/// The newest lines of units that have ended, once journald has taken them in. All looks together take at most three
/// seconds; what is not found by then is not there.
#[derive(Debug)]
pub struct Tail<'a> {
    journal: &'a Journal,
    units: &'a [String],
    created_usec: u64,
    end: Instant,
}

impl<'a> Tail<'a> {
    /// Of what `units` wrote since `created_usec` (microseconds since the epoch).
    pub async fn new(journal: &'a Journal, units: &'a [String], created_usec: u64) -> Self {
        let end = Instant::now() + TIMEOUT;
        let settled = async {
            if !synchronize(journal).await {
                sleep(QUIET).await;
            }
        };
        let _ = timeout_at(end, settled).await;
        Self { journal, units, created_usec, end }
    }

    /// The last `count` lines of Podman, the container runtime and the programs of a display, oldest first: why a
    /// session did not start, or why its display ended.
    pub async fn of_starters(&self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let read = self.read_back(|entry, message| {
            if is_starter(entry) {
                lines.push(String::from_utf8_lossy(message).into_owned());
            }
            lines.len() < count
        });
        if !matches!(timeout_at(self.end, read).await, Ok(Ok(()))) {
            return Vec::new();
        }
        lines.reverse();
        lines
    }

    /// Whether `is` holds for one of the last `count` lines, whoever wrote them. It is shown the first
    /// [`LOOKED_AT`] bytes of each.
    pub async fn has(&self, count: usize, is: impl Fn(&str) -> bool) -> bool {
        let (mut left, mut found) = (count, false);
        let read = self.read_back(|_, message| {
            let head = message.get(..LOOKED_AT).unwrap_or(message);
            found = is(&String::from_utf8_lossy(head));
            left = left.saturating_sub(1);
            !found && left > 0
        });
        let _ = timeout_at(self.end, read).await;
        found
    }

    /// Shows each line of the log, the newest first, as long as more are wanted.
    async fn read_back(&self, mut wants_more: impl FnMut(&Entry, &[u8]) -> bool) -> io::Result<()> {
        let (units, since) = (self.units, self.created_usec);
        let request = LogRequest { units: units.to_vec(), created_usec: since, ..LogRequest::default() };
        let matches = matches(self.journal.uid, &request, &probe_name(since));
        let mut converter = Converter::new(self.journal.uid, units, since, None);
        let mut journalctl = Journalctl::spawn(self.journal, &matches, &Start::Since(since), Pass::Reverse)?;
        let mut scratch = Vec::new();
        let mut wants = true;
        while wants {
            let entries = journalctl.entries().await?;
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                scratch.clear();
                let said = converter.write(entry, &mut scratch) == Written::Output;
                if let Some(message) = entry.message.as_deref().filter(|_| said && wants) {
                    wants = wants_more(entry, message);
                }
            }
        }
        journalctl.kill().await;
        Ok(())
    }
}

/// An entry without a name is of a process that was gone at once, as a starter that fails is.
fn is_starter(entry: &Entry) -> bool {
    entry.comm.as_deref().is_none_or(|comm| STARTERS.contains(&comm) || comm.starts_with('('))
}
