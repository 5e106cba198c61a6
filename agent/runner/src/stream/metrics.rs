//! Resource use of a session: read once, or as a stream of samples.

use super::{StreamError, Streams, pipe};
use crate::clock::now_usec;
use crate::display::Display;
use dillinger_runner_core::metrics::{Figure, Metrics, MetricsText};
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fs;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::unix::pipe::Sender;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{MissedTickBehavior, interval};

/// The shortest time between two samples.
pub const MIN_INTERVAL: Duration = Duration::from_millis(100);
/// The longest time between two samples.
pub const MAX_INTERVAL: Duration = Duration::from_secs(3600);

/// What the pipe holds for a reader that is behind: about fifteen samples, so that what he reads is not ancient.
const BACKLOG_BYTES: i32 = 16 * 1024;

/// Reads the resource use of the control group at `cgroup_dir` (a directory of the cgroup v2 file system) and of
/// everything below it. A dozen small reads from memory: well under a millisecond, never waits.
///
/// # Errors
/// The control group does not exist (any more).
pub fn read(cgroup_dir: &Path) -> io::Result<Metrics> {
    fs::metadata(cgroup_dir)?;
    let file = |name: &str| fs::read_to_string(cgroup_dir.join(name)).ok();
    let (cpu_stat, io_stat) = (file("cpu.stat"), file("io.stat"));
    let (memory_current, memory_peak) = (file("memory.current"), file("memory.peak"));
    let (memory_swap_current, memory_events) = (file("memory.swap.current"), file("memory.events"));
    let (pids_current, pids_peak) = (file("pids.current"), file("pids.peak"));
    let [cpu_pressure, memory_pressure, io_pressure] = ["cpu.pressure", "memory.pressure", "io.pressure"].map(file);
    let text = MetricsText {
        cpu_stat: cpu_stat.as_deref(),
        memory_current: memory_current.as_deref(),
        memory_peak: memory_peak.as_deref(),
        memory_swap_current: memory_swap_current.as_deref(),
        memory_events: memory_events.as_deref(),
        pids_current: pids_current.as_deref(),
        pids_peak: pids_peak.as_deref(),
        io_stat: io_stat.as_deref(),
        cpu_pressure: cpu_pressure.as_deref(),
        memory_pressure: memory_pressure.as_deref(),
        io_pressure: io_pressure.as_deref(),
    };
    Ok(Metrics::parse(now_usec(), &text))
}

/// Where the samples of a session come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its control group.
    pub cgroup_dir: PathBuf,
    /// Its display, if it is a streamed one.
    pub display: Option<Display>,
}

/// What the streamer of a display measures, under the names of the D-Bus contract; nothing if there is none, or if it
/// does not tell.
pub async fn streamed(display: Option<&Display>) -> Vec<(&'static str, Figure)> {
    let Some(display) = display else { return Vec::new() };
    let Some(figures) = display.figures().await else { return Vec::new() };
    vec![
        ("Viewers", Figure::Whole(figures.connected())),
        ("FrameRate", Figure::Fraction(figures.frame_rate)),
        ("EncodeBitrate", Figure::Whole(figures.bitrate)),
        ("EncodeLatencyUSec", Figure::Whole(figures.encode_latency_usec)),
        ("ViewerRoundTripTimeUSec", Figure::Whole(figures.worst_round_trip_usec())),
        ("ViewerLossFraction", Figure::Fraction(figures.worst_loss())),
    ]
}

/// Streams a sample of `source` per `every`, the first at once, one JSON object per line; returns the read end.
///
/// The stream ends when the reader closes it, when `ended` completes (the session is over) or when the control group
/// is gone. A sample that does not fit into the pipe because the reader is behind is skipped; the next one that fits
/// says in `Missed` how many were.
///
/// Must be called in a Tokio runtime.
///
/// # Errors
/// [`StreamError::Interval`], [`StreamError::TooMany`], [`StreamError::Pipe`]
pub fn watch(
    streams: &Streams,
    source: Source,
    every: Duration,
    ended: impl Future<Output = ()> + Send + 'static,
) -> Result<OwnedFd, StreamError> {
    if !(MIN_INTERVAL..=MAX_INTERVAL).contains(&every) {
        return Err(StreamError::Interval(every.as_micros()));
    }
    let permit = streams.admit()?;
    let (reader, sender) = pipe::pair()?;
    pipe::set_capacity(&sender, BACKLOG_BYTES);
    tokio::spawn(sample_until(ended, sender, source, every, permit));
    Ok(reader)
}

async fn sample_until(
    ended: impl Future<Output = ()>,
    sender: Sender,
    source: Source,
    every: Duration,
    _permit: OwnedSemaphorePermit,
) {
    let mut ended = std::pin::pin!(ended);
    let mut tick = interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut missed = 0;
    loop {
        tokio::select! {
            biased;
            () = &mut ended => return,
            () = pipe::closed(&sender) => return,
            _ = tick.tick() => {}
        }
        let Ok(metrics) = read(&source.cgroup_dir) else { return };
        let streamed = streamed(source.display.as_ref()).await;
        match pipe::write_now(&sender, &sample_line(&metrics, &streamed, missed)) {
            Ok(()) => missed = 0,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => missed += 1,
            Err(_) => return,
        }
    }
}

/// A line holds the figures of the session, those of its display, and what was missed.
struct Sample<'a> {
    metrics: &'a Metrics,
    streamed: &'a [(&'static str, Figure)],
    missed: u64,
}

impl Serialize for Sample<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, figure) in self.metrics.pairs().iter().chain(self.streamed) {
            match figure {
                Figure::Whole(value) => map.serialize_entry(key, value)?,
                Figure::Fraction(value) => map.serialize_entry(key, value)?,
            }
        }
        if self.missed > 0 {
            map.serialize_entry("Missed", &self.missed)?;
        }
        map.end()
    }
}

/// Shorter than `PIPE_BUF` (4096 bytes), so that the kernel writes it whole or not at all.
fn sample_line(metrics: &Metrics, streamed: &[(&'static str, Figure)], missed: u64) -> Vec<u8> {
    let mut line = serde_json::to_vec(&Sample { metrics, streamed, missed }).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests;
