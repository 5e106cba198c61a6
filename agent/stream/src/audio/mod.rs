//! The sound of the game, as Opus packets.
//!
//! The sound server connects, and sends what the games play, which is received
//! here while anybody listens. It sends only while something plays, so that a
//! game that has opened no sound costs nothing, and one that plays silence costs
//! no encoding. A server that dies and is started again connects again.

pub(crate) mod packet;
mod server;
mod timeline;

use crate::clock;
use crate::media::{AccessUnit, Audio, AudioStatus};
use dillinger_ring::connection::Listener;
use packet::{BYTES, LENGTH, Packets};
use server::{Event, Server};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use timeline::{Gate, Timeline};
use tokio::sync::{broadcast, watch};

/// Packets that a listener may lag behind: most of a second.
const UNITS: usize = 64;

/// Why there cannot be sound.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The packets cannot be made.
    #[error(transparent)]
    Encoder(#[from] packet::Error),
    /// The sound server cannot be waited for.
    #[error("the socket of the sound server: {0}")]
    Socket(#[from] io::Error),
}

/// There is no sound in this session.
pub fn off() -> Audio {
    let (audio, ..) = channels(AudioStatus::Off);
    audio
}

/// Makes packets of what a sound server sends that connects to the listener, until
/// every `wanted` is dropped: 48 kHz, two channels, 16 bits, in messages of 10 ms,
/// each sent when it begins to be played.
///
/// To be called in a tokio runtime.
///
/// # Errors
/// The encoder or the socket cannot be used.
pub fn start(listener: Listener) -> Result<Audio, Error> {
    let first = AudioStatus::Failed("the sound server has not connected yet".to_owned());
    let (audio, status, wanted) = channels(first);
    let sound = Sound {
        server: Server::new(listener)?,
        status,
        wanted,
        units: audio.units.clone(),
        packets: Packets::new()?,
        gate: Gate::default(),
        timeline: Timeline::default(),
    };
    tokio::spawn(sound.run());
    Ok(audio)
}

fn channels(first: AudioStatus) -> (Audio, watch::Sender<AudioStatus>, watch::Receiver<bool>) {
    let (units, _) = broadcast::channel(UNITS);
    let (wanted, is_wanted) = watch::channel(false);
    let (status, current) = watch::channel(first);
    (Audio { units, wanted, status: current }, status, is_wanted)
}

struct Sound {
    server: Server,
    status: watch::Sender<AudioStatus>,
    wanted: watch::Receiver<bool>,
    units: broadcast::Sender<Arc<AccessUnit>>,
    packets: Packets,
    gate: Gate,
    timeline: Timeline,
}

impl Sound {
    async fn run(mut self) {
        if let Err(error) = self.listen().await {
            tracing::error!("there is no sound any more: {error}");
            self.status.send_replace(AudioStatus::Failed(error.to_string()));
        }
    }

    /// Until nobody can want sound any more.
    async fn listen(&mut self) -> Result<(), Error> {
        let mut listening = false;
        loop {
            let wanted = *self.wanted.borrow_and_update();
            if wanted && !listening {
                self.timeline = Timeline::default();
                if let Some(event) = self.server.skip() {
                    self.happened(event)?;
                }
            }
            listening = wanted;
            let event = tokio::select! {
                changed = self.wanted.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => return Ok(()),
                },
                event = self.server.next(listening) => event?,
            };
            self.happened(event)?;
        }
    }

    fn happened(&mut self, event: Event) -> Result<(), Error> {
        match event {
            Event::Came => {
                self.status.send_replace(AudioStatus::Running);
            }
            Event::Went(reason) => {
                tracing::warn!(reason, "no sound");
                self.status.send_replace(AudioStatus::Failed(reason));
            }
            Event::Played(samples) => self.arrived(&samples, clock::now())?,
        }
        Ok(())
    }

    /// Makes packets of what was received. The last 10 ms of it begin to be played now.
    fn arrived(&mut self, samples: &[u8], now: Duration) -> Result<(), Error> {
        let packets = u32::try_from(samples.len() / BYTES).unwrap_or(u32::MAX);
        let first = now.saturating_sub(LENGTH * packets.saturating_sub(1));
        let mut began = self.timeline.began(first, LENGTH * packets);
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
