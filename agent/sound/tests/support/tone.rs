//! Tones: how they are made, and what is heard of them.

use std::f64::consts::TAU;

/// The pitch of all tones.
pub const PITCH: f64 = 440.0;

/// What is in the samples of one channel.
#[derive(Debug)]
pub struct Heard {
    /// From the first sample of a sound to the last, in seconds.
    pub length: f64,
    /// Of the tone.
    pub level: f64,
    /// Of all that is not the tone.
    pub noise: f64,
}

/// Left and right, of which the loudest are -1 and 1.
pub fn samples(bytes: &[u8]) -> Vec<[f64; 2]> {
    let sample = |bytes: [u8; 2]| f64::from(i16::from_le_bytes(bytes)) / 32_768.0;
    bytes.as_chunks().0.iter().map(|[a, b, c, d]| [sample([*a, *b]), sample([*c, *d])]).collect()
}

/// A tone of half the loudness in all channels, 16 bits.
pub fn tone(rate: u32, channels: usize, frames: u32) -> Vec<u8> {
    let sample = |n: u32| (16_384.0 * (TAU * PITCH * f64::from(n) / f64::from(rate)).sin()).round();
    #[allow(clippy::cast_possible_truncation, reason = "it is half as loud as it could be")]
    (0..frames).flat_map(|n| (sample(n) as i16).to_le_bytes().repeat(channels)).collect()
}

/// What a channel has, without the beginning and the end of the sound; nothing if it is silent.
#[allow(clippy::cast_precision_loss, reason = "there are few of them")]
pub fn heard(samples: &[[f64; 2]], channel: usize) -> Option<Heard> {
    let samples: Vec<f64> = samples.iter().map(|sample| sample[channel]).collect();
    let loud = |sample: &f64| sample.abs() > 0.005;
    let (first, last) = (samples.iter().position(loud)?, samples.iter().rposition(loud)?);
    let middle = samples.get(first + 1000..last.checked_sub(1000)?)?;
    let at = |n: usize| TAU * PITCH * n as f64 / 48_000.0;
    // Whole waves, so that sine and cosine do not hear each other: 480 samples are 4.4 of them.
    let middle = &middle[..middle.len() / 1200 * 1200];
    let part = |wave: fn(f64) -> f64| {
        middle.iter().enumerate().map(|(n, sample)| sample * wave(at(n))).sum::<f64>() * 2.0 / middle.len() as f64
    };
    let (sine, cosine) = (part(f64::sin), part(f64::cos));
    let rest = middle.iter().enumerate().map(|(n, sample)| sample - sine * at(n).sin() - cosine * at(n).cos());
    let noise = (rest.map(|rest| rest * rest).sum::<f64>() / middle.len() as f64).sqrt();
    Some(Heard { length: (last - first) as f64 / 48_000.0, level: sine.hypot(cosine), noise })
}

/// There is the tone in a channel, for so many seconds, and nothing beside it.
pub fn assert_tone(samples: &[[f64; 2]], channel: usize, seconds: f64, level: f64, noise: f64, what: &str) {
    let heard = heard(samples, channel).unwrap_or_else(|| panic!("{what}: silence in {channel}"));
    assert!((heard.length - seconds).abs() < 0.02, "{what}: {channel} {heard:?}");
    assert!((heard.level - level).abs() < 0.01, "{what}: {channel} {heard:?}");
    assert!(heard.noise < noise, "{what}: {channel} {heard:?}");
}
