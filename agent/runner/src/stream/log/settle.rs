//! How to know that journald has taken in everything a session wrote, and whether it dropped some of it.

use super::Journal;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixDatagram, UnixStream};
use tokio::time::timeout;

/// No new entry for so long after the end means that there is none, where journald cannot be asked (systemd < 258).
pub(super) const QUIET: Duration = Duration::from_millis(250);
/// How long a probe may take to show up there.
pub(super) const PROBE_WAIT: Duration = Duration::from_millis(100);
/// Between two probes, while journald drops everything.
pub(super) const PROBE_INTERVAL: Duration = Duration::from_secs(3);
/// Probes before the log gives up: a minute, twice journald's default rate limit interval.
pub(super) const PROBES: u32 = 20;

const SYNC_TIMEOUT: Duration = Duration::from_secs(5);
const SEND_TIMEOUT: Duration = Duration::from_secs(1);
const REPLY_MAX: u64 = 4096;

/// Asks journald to process everything sent to it so far and waits until it did. `false`: it cannot be asked.
///
/// This is `io.systemd.Journal.Synchronize`, what `journalctl --sync` calls; unlike that command it asks for no
/// flushing to disk, which is what makes it allowed without privileges.
pub(super) async fn synchronize(journal: &Journal) -> bool {
    matches!(timeout(SYNC_TIMEOUT, request_sync(&journal.varlink_socket)).await, Ok(Ok(true)))
}

async fn request_sync(socket: &Path) -> io::Result<bool> {
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(b"{\"method\":\"io.systemd.Journal.Synchronize\",\"parameters\":{}}\0").await?;
    let mut reply = Vec::new();
    let mut stream = stream.take(REPLY_MAX);
    while !reply.ends_with(&[0]) {
        if stream.read_buf(&mut reply).await? == 0 {
            return Ok(false);
        }
    }
    reply.pop();
    let reply: serde_json::Value = serde_json::from_slice(&reply)?;
    Ok(reply.get("error").is_none())
}

/// Writes an entry that counts against the same rate limit as the session's output: if it can be read again, journald
/// dropped nothing that it has not confessed by then; if not, it is dropping right now.
pub(super) async fn send_probe(journal: &Journal, probe: &str) -> io::Result<()> {
    let entry = format!(
        "MESSAGE=read the log of a session to its end\nPRIORITY=7\nSYSLOG_IDENTIFIER=dillinger-runner\n\
         DILLINGER_LOG_PROBE={probe}\n"
    );
    let socket = UnixDatagram::unbound()?;
    timeout(SEND_TIMEOUT, socket.send_to(entry.as_bytes(), &journal.native_socket)).await??;
    Ok(())
}

/// A name that no other probe of this user has.
pub(super) fn probe_name(now_usec: u64) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{}-{now_usec}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
