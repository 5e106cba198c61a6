//! From a stream's rate to that of what is written, with a windowed sinc.
//!
//! Of each stream's samples and those that are written the exact number is known at any time, so that nothing drifts. The
//! band that is passed ends below half of the lower rate; what lies above is 80 decibels less.

use super::{OUTPUT, RATE};
use std::sync::LazyLock;
use std::time::Duration;

/// Zeros of the sinc on each side.
const ZEROS: u32 = 24;
/// Where the band ends, of half the lower rate.
const CUT: f64 = 0.94;
/// Of Kaiser's window: 80 decibels.
const BETA: f64 = 8.0;
/// Places of the curve that are computed, between two samples.
const PLACES: u32 = 256;
/// Weights of a table at most.
const WEIGHTS: u32 = 32_768;
/// Of each frame.
const CHANNELS: usize = OUTPUT.len();

/// The right half of the curve, from its middle.
static CURVE: LazyLock<Vec<f32>> = LazyLock::new(|| (0..=ZEROS * PLACES).map(curve).collect());

#[allow(clippy::cast_possible_truncation, reason = "the precision is that of the samples")]
fn curve(place: u32) -> f32 {
    let at = f64::from(place) / f64::from(PLACES);
    let sinc =
        if place == 0 { 1.0 } else { (at * CUT * std::f64::consts::PI).sin() / (at * CUT * std::f64::consts::PI) };
    let inside = at / f64::from(ZEROS);
    (sinc * bessel(BETA * (1.0 - inside * inside).max(0.0).sqrt()) / bessel(BETA)) as f32
}

/// The modified Bessel function of the first kind of order 0.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..40 {
        let factor = x / 2.0 / f64::from(n);
        term *= factor * factor;
        sum += term;
    }
    sum
}

/// The curve at a distance from its middle.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is not negative and ends with the curve"
)]
fn curve_at(distance: f64) -> f32 {
    let at = distance.abs() * f64::from(PLACES);
    let place = at as usize;
    let between = (at - at.floor()) as f32;
    let here = CURVE.get(place).copied().unwrap_or_default();
    here + (CURVE.get(place + 1).copied().unwrap_or_default() - here) * between
}

/// The weights of the samples around a place between two of them, for some such places.
#[derive(Debug)]
struct Table {
    weights: Vec<f32>,
    /// Samples that have a weight: a multiple of four.
    taps: usize,
    /// Places; one more row is there, which is that of the next sample.
    places: u32,
}

impl Table {
    /// For each `den` samples that are written `step` of the stream go by.
    fn new(step: u32, den: u32) -> Self {
        let ratio = (f64::from(step) / f64::from(den)).max(1.0);
        let half = u32::div_ceil(ZEROS * step.max(den), den).next_multiple_of(2);
        let taps = half * 2;
        let places = if den * taps <= WEIGHTS { den } else { (WEIGHTS / taps).max(2) };
        let mut weights = Vec::with_capacity(usize::try_from((places + 1) * taps).unwrap_or_default());
        for place in 0..=places {
            let between = f64::from(place) / f64::from(places);
            let row = (0..taps).map(|tap| curve_at((f64::from(tap) - f64::from(half - 1) - between) / ratio));
            let row: Vec<f32> = row.collect();
            let sum: f32 = row.iter().sum();
            weights.extend(row.iter().map(|weight| weight / sum));
        }
        Self { weights, taps: usize::try_from(taps).unwrap_or_default(), places }
    }

    /// Samples before the one at which the window is.
    fn before(&self) -> usize {
        self.taps / 2 - 1
    }

    fn row(&self, place: usize) -> &[f32] {
        self.weights.get(place * self.taps..(place + 1) * self.taps).unwrap_or_default()
    }

    /// One sample of each channel, `phase / den` after the middle of the window.
    #[allow(clippy::cast_precision_loss, reason = "it is a share")]
    fn sample(&self, window: &[f32], phase: u32, den: u32) -> [f32; CHANNELS] {
        let at = u64::from(phase) * u64::from(self.places);
        let place = usize::try_from(at / u64::from(den)).unwrap_or_default();
        let here = weighted(window, self.row(place));
        let between = at % u64::from(den);
        if between == 0 {
            return here;
        }
        let next = weighted(window, self.row(place + 1));
        let share = between as f32 / den as f32;
        std::array::from_fn(|channel| mix(here.get(channel), next.get(channel), share))
    }
}

fn mix(here: Option<&f32>, next: Option<&f32>, share: f32) -> f32 {
    let (here, next) = (here.copied().unwrap_or_default(), next.copied().unwrap_or_default());
    here + (next - here) * share
}

/// The sum of a window's frames by their weights. Four sums at a time, which the processor makes at once.
fn weighted(window: &[f32], weights: &[f32]) -> [f32; CHANNELS] {
    let mut sums = [[0.0; CHANNELS]; 4];
    let (frames, _) = window.as_chunks::<CHANNELS>();
    let (frames, _) = frames.as_chunks::<4>();
    let (weights, _) = weights.as_chunks::<4>();
    for (frames, weights) in frames.iter().zip(weights) {
        for ((sum, frame), weight) in sums.iter_mut().zip(frames).zip(weights) {
            for (sum, sample) in sum.iter_mut().zip(frame) {
                *sum += sample * weight;
            }
        }
    }
    let mut all = [0.0; CHANNELS];
    for sum in sums {
        for (all, sum) in all.iter_mut().zip(sum) {
            *all += sum;
        }
    }
    all
}

/// Resamples one stream, whose channels are those that are written.
#[derive(Debug)]
pub struct Resampler {
    rate: u32,
    step: u32,
    den: u32,
    table: Table,
    /// Samples that are still under the window, or will be.
    held: Vec<f32>,
    /// How far the window is after the first of them, in parts of `den`.
    phase: u32,
}

impl Resampler {
    /// From this rate, which must not be 0.
    pub fn new(rate: u32) -> Self {
        let common = common(rate, RATE);
        let (step, den) = (rate / common, RATE / common);
        let table = Table::new(step, den);
        let held = vec![0.0; table.before() * CHANNELS];
        Self { rate, step, den, table, held, phase: 0 }
    }

    /// From another rate from now on; what was held is still to be heard.
    #[must_use]
    pub fn changed(&self, rate: u32) -> Self {
        let mut new = Self::new(rate);
        let (before, then) = (self.table.before() * CHANNELS, new.table.before() * CHANNELS);
        let (past, coming) = self.held.split_at(before.min(self.held.len()));
        let kept = past.get(past.len().saturating_sub(then)..).unwrap_or_default();
        new.held = vec![0.0; then - kept.len()];
        new.held.extend(kept);
        new.held.extend(coming);
        new
    }

    /// The stream's samples that are needed for so many that are written.
    pub fn needed(&self, frames: usize) -> usize {
        let last = self.passed(frames.saturating_sub(1));
        (last + self.table.taps).saturating_sub(self.held.len() / CHANNELS)
    }

    /// Samples that the window goes on by while so many are written.
    fn passed(&self, frames: usize) -> usize {
        let parts = u64::from(self.phase) + u64::from(self.step) * u64::try_from(frames).unwrap_or_default();
        usize::try_from(parts / u64::from(self.den)).unwrap_or_default()
    }

    /// How long the samples play that are held and not heard yet.
    pub fn delay(&self) -> Duration {
        let frames = (self.held.len() / CHANNELS).saturating_sub(self.table.before());
        Duration::from_secs(u64::try_from(frames).unwrap_or_default()) / self.rate
    }

    /// Forgets all samples.
    pub fn clear(&mut self) {
        self.held = vec![0.0; self.table.before() * CHANNELS];
        self.phase = 0;
    }

    /// Appends so many samples to `to`. What is missing of those that are needed is silence.
    pub fn run(&mut self, from: &[f32], frames: usize, to: &mut Vec<f32>) {
        let needed = self.needed(frames) * CHANNELS;
        self.held.extend(from.iter().take(needed));
        self.held.resize(self.held.len() + needed.saturating_sub(from.len()), 0.0);
        let (mut at, mut phase) = (0, self.phase);
        for _ in 0..frames {
            let window = self.held.get(at * CHANNELS..(at + self.table.taps) * CHANNELS).unwrap_or_default();
            to.extend(self.table.sample(window, phase, self.den));
            phase += self.step;
            at += usize::try_from(phase / self.den).unwrap_or_default();
            phase %= self.den;
        }
        self.phase = phase;
        self.held.drain(..(at * CHANNELS).min(self.held.len()));
    }
}

fn common(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common(b, a % b) }
}

#[cfg(test)]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "tests")]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// A tone on the left, of half the loudness, as this rate has it, in pieces of 10 ms of what is written.
    fn resampled(rate: u32, tone: f64, pieces: usize) -> Vec<f64> {
        let mut resampler = Resampler::new(rate);
        let (mut at, mut out) = (0_u32, Vec::new());
        for _ in 0..pieces {
            let needed = u32::try_from(resampler.needed(480)).unwrap();
            let sample = |n: u32| [0.5 * (TAU * tone * f64::from(n) / f64::from(rate)).sin() as f32, 0.0];
            let samples: Vec<f32> = (at..at + needed).flat_map(sample).collect();
            at += needed;
            resampler.run(&samples, 480, &mut out);
        }
        assert!(out.iter().skip(1).step_by(2).all(|right| *right == 0.0));
        out.iter().step_by(2).map(|left| f64::from(*left)).collect()
    }

    /// How loud a tone is in samples, and how loud all else.
    fn measured(samples: &[f64], tone: f64) -> (f64, f64) {
        let at = |n: usize| TAU * tone * n as f64 / f64::from(RATE);
        let part = |wave: fn(f64) -> f64| {
            samples.iter().enumerate().map(|(n, sample)| sample * wave(at(n))).sum::<f64>() * 2.0 / samples.len() as f64
        };
        let (sine, cosine) = (part(f64::sin), part(f64::cos));
        let rest = samples.iter().enumerate().map(|(n, sample)| sample - sine * at(n).sin() - cosine * at(n).cos());
        let noise = (rest.map(|rest| rest * rest).sum::<f64>() / samples.len() as f64).sqrt();
        (sine.hypot(cosine), noise)
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_its_level_from_every_rate() {
        let rates =
            [4000, 8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 44_101, 47_999, 48_000, 88_200, 96_000];
        for rate in rates.into_iter().chain([176_400, 192_000, 383_999, 384_000]) {
            let samples = resampled(rate, 440.0, 30);
            let (level, noise) = measured(&samples[2400..14_400], 440.0);
            assert!((level - 0.5).abs() < 0.001, "{rate}: {level}");
            assert!(noise < 0.0002, "{rate}: {noise}");
        }
    }

    #[test]
    fn what_is_too_high_for_the_written_rate_is_not_heard() {
        let samples = resampled(96_000, 30_000.0, 20);
        assert!(samples[4800..].iter().all(|sample| sample.abs() < 0.0005));
    }

    #[test]
    fn the_rates_of_all_streams_are_kept_to_the_sample() {
        for rate in [1, 7, 8000, 11_025, 44_100, 44_101, 48_001, 192_000, 384_000] {
            let mut resampler = Resampler::new(rate);
            let (mut taken, mut out) = (0, Vec::new());
            for _ in 0..100 {
                let needed = resampler.needed(480);
                taken += needed;
                resampler.run(&vec![0.0; needed * CHANNELS], 480, &mut out);
                out.clear();
            }
            let heard = usize::try_from(rate).unwrap();
            let delay = resampler.delay().as_secs_f64() * f64::from(rate);
            assert!((taken as f64 - heard as f64 - delay).abs() <= 1.5, "{rate}: {taken} {heard} {delay}");
        }
    }

    #[test]
    fn a_rate_that_changes_makes_no_gap() {
        let mut resampler = Resampler::new(44_100);
        let mut out = Vec::new();
        for rate in [44_100, 44_200, 8000, 192_000, 1, 44_100] {
            resampler = resampler.changed(rate);
            let before = out.len();
            let needed = resampler.needed(480);
            resampler.run(&vec![0.25; needed * CHANNELS], 480, &mut out);
            assert_eq!(out.len() - before, 960);
        }
        assert!(out[960 * 2..].iter().all(|sample| (0.1..0.3).contains(sample)), "{out:?}");
    }
}
