//! From samples to Opus packets.

use opusic_c::{Application, Bitrate, Channels, Encoder, ErrorCode, SampleRate};
use std::time::Duration;

/// How long a packet plays. The sound server works in the same rhythm, so that
/// nothing waits for a packet to become full.
pub(crate) const LENGTH: Duration = Duration::from_millis(10);
/// Samples of a channel in a packet.
pub(crate) const FRAMES: usize = 480;
/// Samples a second of each channel.
pub(crate) const RATE: u32 = 48_000;
/// Left and right.
const CHANNELS: usize = 2;
/// Of a packet's samples: 16 bits each, little-endian, the channels in turns.
pub(crate) const BYTES: usize = FRAMES * CHANNELS * 2;
/// Bits a second.
const BIT_RATE: u32 = 128_000;
/// Of 10; more costs processor time and is not to be heard at this bit rate.
const COMPLEXITY: u8 = 5;
/// More than a packet can have, RFC 6716 section 3.2.1.
const LARGEST: usize = 1276;

/// Makes packets for one stream, each from the samples that follow those of the
/// one before.
pub(super) struct Packets {
    encoder: Encoder,
    samples: Vec<u16>,
    delay: Duration,
}

impl Packets {
    pub(super) fn new() -> Result<Self, Error> {
        let mut encoder = Encoder::new(Channels::Stereo, SampleRate::Hz48000, Application::LowDelay)?;
        encoder.set_bitrate(Bitrate::Value(BIT_RATE))?;
        encoder.set_complexity(COMPLEXITY)?;
        let delay = Duration::from_secs(encoder.get_look_ahead()?.into()) / RATE;
        Ok(Self { encoder, samples: Vec::with_capacity(FRAMES * CHANNELS), delay })
    }

    /// How much earlier than its packet sound begins that is heard with it.
    pub(super) fn delay(&self) -> Duration {
        self.delay
    }

    /// The packet of [`BYTES`] bytes of samples.
    pub(super) fn packet(&mut self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        self.samples.clear();
        self.samples.extend(bytes.as_chunks().0.iter().map(|sample| u16::from_le_bytes(*sample)));
        let mut packet = Vec::with_capacity(LARGEST);
        self.encoder.encode_to_vec(&self.samples, &mut packet)?;
        Ok(packet)
    }
}

/// The encoder refuses.
#[derive(Debug, thiserror::Error)]
#[error("the Opus encoder: {}", .0.message())]
pub struct Error(ErrorCode);

impl From<ErrorCode> for Error {
    fn from(code: ErrorCode) -> Self {
        Self(code)
    }
}
