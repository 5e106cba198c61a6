//! The sound of the game, as Opus packets.
//!
//! The sound server writes what the games play into a pipe, which is read here
//! while anybody listens. It writes only while something plays, so that a game
//! that has opened no sound costs nothing, and one that plays silence costs no
//! encoding. The pipe outlives the server: a server that dies and is started
//! again goes on in the same one.

pub(crate) mod packet;
mod timeline;

use crate::clock;
use crate::media::{AccessUnit, Audio, AudioStatus};
use packet::{BYTES, LENGTH, Packets};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use timeline::{Gate, Timeline};
use tokio::net::unix::pipe;
use tokio::sync::{broadcast, watch};

/// Packets that a listener may lag behind: most of a second.
const UNITS: usize = 64;
/// Read at once: all that a pipe holds (pipe(7): 64 KiB).
const READ: usize = 65_536;

/// Why there cannot be sound.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The packets cannot be made.
    #[error(transparent)]
    Encoder(#[from] packet::Error),
    /// The pipe of the sound server cannot be read.
    #[error("the pipe of the sound server: {0}")]
    Pipe(#[from] io::Error),
}

/// There is no sound in this session.
pub fn off() -> Audio {
    let (audio, ..) = channels(AudioStatus::Off);
    audio
}

/// Makes packets of what a sound server writes into a pipe, until every `wanted`
/// is dropped: 48 kHz, two channels, 16 bits, in pieces of 10 ms, each written
/// when it begins to be played. `server` is how the sound server is.
///
/// To be called in a tokio runtime.
///
/// # Errors
/// The encoder cannot be used.
pub fn start(pipe: pipe::Receiver, server: watch::Receiver<AudioStatus>) -> Result<Audio, Error> {
    let first = server.borrow().clone();
    let (audio, status, wanted) = channels(first);
    let listener = Listener {
        pipe,
        server,
        wanted,
        units: audio.units.clone(),
        packets: Packets::new()?,
        gate: Gate::default(),
        timeline: Timeline::default(),
        rest: Vec::new(),
    };
    tokio::spawn(listener.run(status));
    Ok(audio)
}

fn channels(first: AudioStatus) -> (Audio, watch::Sender<AudioStatus>, watch::Receiver<bool>) {
    let (units, _) = broadcast::channel(UNITS);
    let (wanted, is_wanted) = watch::channel(false);
    let (status, current) = watch::channel(first);
    (Audio { units, wanted, status: current }, status, is_wanted)
}

struct Listener {
    pipe: pipe::Receiver,
    server: watch::Receiver<AudioStatus>,
    wanted: watch::Receiver<bool>,
    units: broadcast::Sender<Arc<AccessUnit>>,
    packets: Packets,
    gate: Gate,
    timeline: Timeline,
    /// Samples that make no packet yet.
    rest: Vec<u8>,
}

impl Listener {
    async fn run(mut self, status: watch::Sender<AudioStatus>) {
        if let Err(error) = self.listen(&status).await {
            tracing::error!("there is no sound any more: {error}");
            status.send_replace(AudioStatus::Failed(error.to_string()));
        }
    }

    /// Until nobody can want sound any more.
    async fn listen(&mut self, status: &watch::Sender<AudioStatus>) -> Result<(), Error> {
        let mut buffer = vec![0; READ];
        let mut listening = false;
        loop {
            let wanted = *self.wanted.borrow_and_update();
            if wanted && !listening {
                self.skip(&mut buffer)?;
            }
            listening = wanted;
            tokio::select! {
                changed = self.wanted.changed() => if changed.is_err() {
                    return Ok(());
                },
                Ok(()) = self.server.changed() => {
                    status.send_replace(self.server.borrow_and_update().clone());
                }
                ready = self.pipe.readable(), if listening => {
                    ready?;
                    if let Some(read) = some(self.pipe.try_read(&mut buffer))? {
                        self.arrived(buffer.get(..read).unwrap_or_default(), clock::now())?;
                    }
                }
            }
        }
    }

    /// Leaves out what was played when nobody listened. Asks the pipe itself: the runtime may not have heard yet that
    /// there is something in it.
    fn skip(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        while some(rustix::io::read(&self.pipe, &mut *buffer).map_err(io::Error::from))?.is_some() {}
        self.rest.clear();
        self.timeline = Timeline::default();
        Ok(())
    }

    /// Makes packets of what was in the pipe. The last 10 ms of it begin to be
    /// played now.
    fn arrived(&mut self, samples: &[u8], now: Duration) -> Result<(), Error> {
        self.rest.extend_from_slice(samples);
        let packets = self.rest.len() / BYTES;
        let Some(before) = u32::try_from(packets).ok().and_then(|packets| packets.checked_sub(1)) else {
            return Ok(());
        };
        let samples: Vec<u8> = self.rest.drain(..packets * BYTES).collect();
        let mut began = self.timeline.began(now.saturating_sub(LENGTH * before), LENGTH * (before + 1));
        for samples in samples.chunks_exact(BYTES) {
            if self.gate.passes(samples) {
                self.send(samples, began)?;
            }
            began += LENGTH;
        }
        Ok(())
    }

    fn send(&mut self, samples: &[u8], began: Duration) -> Result<(), Error> {
        let data = self.packets.packet(samples)?.into();
        let taken = began.saturating_sub(self.packets.delay());
        // Without a receiver nobody listens any more.
        let _ = self.units.send(Arc::new(AccessUnit { data, keyframe: true, taken }));
        Ok(())
    }
}

/// How much was read; `None` if there was nothing.
fn some(read: io::Result<usize>) -> io::Result<Option<usize>> {
    match read {
        Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
