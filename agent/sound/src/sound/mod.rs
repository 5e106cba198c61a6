//! Samples: how clients write them, and what becomes of them.

pub mod channels;
pub mod convert;
pub mod format;
pub mod mix;
pub mod resample;
pub mod volume;

use channels::{Map, Position};
use format::{Format, Spec};
use std::time::Duration;

/// Samples a second of each channel of what is written.
pub const RATE: u32 = 48_000;
/// How long a piece of it plays.
pub const LENGTH: Duration = Duration::from_millis(10);
/// Samples of each channel in a piece.
pub const FRAMES: usize = 480;
/// The channels of what is written.
pub const OUTPUT: &[Position] = &[Position::FrontLeft, Position::FrontRight];
/// Of a piece.
pub const BYTES: usize = FRAMES * OUTPUT.len() * 2;

/// What is written, as clients are told.
pub fn output() -> (Spec, Map) {
    let map = Map::new(OUTPUT);
    (Spec { format: Format::S16Le, channels: map.channels(), rate: RATE }, map)
}
