//! The last words of units that did not start.

use super::export::Entry;
use super::journalctl::{Journalctl, Pass, Start, matches};
use super::line::{Converter, Written};
use super::settle::{QUIET, probe_name, synchronize};
use super::{Journal, LogRequest};
use std::io;
use std::time::Duration;
use tokio::time::{sleep, timeout};

const TIMEOUT: Duration = Duration::from_secs(3);
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

/// The last `count` lines that Podman, the container runtime and the programs of a display wrote in `units` since
/// `created_usec` (microseconds since the epoch), oldest first: why a session did not start, or why its display ended.
/// Empty if there are none, if the journal cannot be read, or if it takes longer than three seconds.
pub async fn last_lines(journal: &Journal, units: &[String], created_usec: u64, count: usize) -> Vec<String> {
    let read = async {
        if !synchronize(journal).await {
            sleep(QUIET).await;
        }
        read_back(journal, units, created_usec, count).await
    };
    timeout(TIMEOUT, read).await.ok().and_then(Result::ok).unwrap_or_default()
}

async fn read_back(journal: &Journal, units: &[String], created_usec: u64, count: usize) -> io::Result<Vec<String>> {
    let request = LogRequest { units: units.to_vec(), created_usec, ..LogRequest::default() };
    let matches = matches(journal.uid, &request, &probe_name(created_usec));
    let mut converter = Converter::new(journal.uid, units, created_usec, None);
    let mut journalctl = Journalctl::spawn(journal, &matches, &Start::Since(created_usec), Pass::Reverse)?;
    let (mut lines, mut scratch) = (Vec::new(), Vec::new());
    while lines.len() < count {
        let entries = journalctl.entries().await?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            scratch.clear();
            let said = converter.write(entry, &mut scratch) == Written::Output && is_starter(entry);
            if let Some(message) = entry.message.as_deref().filter(|_| said && lines.len() < count) {
                lines.push(String::from_utf8_lossy(message).into_owned());
            }
        }
    }
    journalctl.kill().await;
    lines.reverse();
    Ok(lines)
}

/// An entry without a name is of a process that was gone at once, as a starter that fails is.
fn is_starter(entry: &Entry) -> bool {
    entry.comm.as_deref().is_none_or(|comm| STARTERS.contains(&comm) || comm.starts_with('('))
}
