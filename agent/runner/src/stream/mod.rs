//! Streams to a client: JSON lines through a pipe whose read end goes over the bus.
//!
//! A stream costs nothing until somebody opens it, ends when its reader closes the pipe, and never holds more than a
//! bounded amount of memory: a slow reader slows the source ([`log`]) or misses samples ([`metrics`]).

pub mod log;
pub mod metrics;
mod pipe;

use std::io;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most streams (of both kinds together) that are open at a time, unless told otherwise.
pub const DEFAULT_MAX: usize = 64;

/// Why a stream was not opened.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Too many readers at once; the limit is named.
    #[error("{0} logs and metrics are being read already, the most there may be: close one first")]
    TooMany(usize),
    /// Not a cursor that journalctl prints.
    #[error("Cursor {0:?} is not a journal cursor: take one from a line of this log")]
    Cursor(String),
    /// Outside of [`metrics::MIN_INTERVAL`] to [`metrics::MAX_INTERVAL`].
    #[error("interval of {0} µs is outside of 100000 (100 ms) to 3600000000 (1 h)")]
    Interval(u128),
    /// No pipe could be made.
    #[error("no pipe for the stream: {0}")]
    Pipe(#[from] io::Error),
}

/// Counts the open streams of the agent. Clones count together.
#[derive(Debug, Clone)]
pub struct Streams {
    max: usize,
    free: Arc<Semaphore>,
}

impl Streams {
    /// Permits `max` streams at a time.
    pub fn new(max: usize) -> Self {
        Self { max, free: Arc::new(Semaphore::new(max)) }
    }

    /// How many streams are open.
    pub fn open(&self) -> usize {
        self.max.saturating_sub(self.free.available_permits())
    }

    fn admit(&self) -> Result<OwnedSemaphorePermit, StreamError> {
        Arc::clone(&self.free).try_acquire_owned().map_err(|_| StreamError::TooMany(self.max))
    }
}

impl Default for Streams {
    fn default() -> Self {
        Self::new(DEFAULT_MAX)
    }
}
