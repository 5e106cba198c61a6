//! From a stream's bytes to samples of the channels and the rate that are written.

use super::channels::{Map, Matrix};
use super::format::Spec;
use super::resample::Resampler;
use super::volume::Volumes;
use super::{FRAMES, OUTPUT, RATE};
use std::time::Duration;

/// Room to work in, for all streams in turns.
#[derive(Debug, Default)]
pub struct Scratch {
    /// Bytes of a stream.
    pub bytes: Vec<u8>,
    decoded: Vec<f32>,
    mixed: Vec<f32>,
    done: Vec<f32>,
}

/// Converts one stream.
#[derive(Debug)]
pub struct Converter {
    spec: Spec,
    matrix: Matrix,
    louder: Matrix,
    resampler: Option<Resampler>,
    /// The resampler is for another rate, or not made yet.
    stale: bool,
    /// Since when only silence has gone in, in pieces: nothing of the sound before is left in there.
    silent: u32,
}

impl Converter {
    /// For a stream like this.
    pub fn new(spec: Spec, map: &Map) -> Self {
        let matrix = Matrix::new(map.positions(), OUTPUT);
        Self { spec, louder: matrix.clone(), matrix, resampler: None, stale: spec.rate != RATE, silent: 0 }
    }

    /// Takes other volumes from now on.
    pub fn set_volumes(&mut self, volumes: &Volumes, muted: bool) {
        let quiet = if muted { 0.0 } else { 1.0 };
        self.louder = self.matrix.louder(volumes.factors().map(|factor| factor * quiet));
    }

    /// Takes another rate from now on.
    pub fn set_rate(&mut self, rate: u32) {
        if rate != self.spec.rate {
            self.spec.rate = rate;
            self.stale = true;
        }
    }

    /// Whether a piece can be made. What a resampler needs is computed here, which takes as long as many pieces: only while
    /// there is some of `budget`, and not whenever a client says so. A stream whose rate has changed plays on meanwhile.
    pub fn ready(&mut self, budget: &mut u32) -> bool {
        if self.stale && *budget > 0 {
            *budget -= 1;
            self.stale = false;
            let rate = self.spec.rate;
            let new = |old: &Resampler| old.changed(rate);
            self.resampler = Some(self.resampler.as_ref().map_or_else(|| Resampler::new(rate), new));
        }
        self.resampler.is_some() || !self.stale
    }

    /// The stream's bytes that make the next piece.
    pub fn needed(&self) -> usize {
        let frames = self.resampler.as_ref().map_or(FRAMES, |resampler| resampler.needed(FRAMES));
        frames * usize::try_from(self.spec.frame()).unwrap_or_default()
    }

    /// How long sound is on its way in here.
    pub fn delay(&self) -> Duration {
        self.resampler.as_ref().map_or(Duration::ZERO, Resampler::delay)
    }

    /// Forgets the sound that is on its way.
    pub fn clear(&mut self) {
        if let Some(resampler) = &mut self.resampler {
            resampler.clear();
        }
    }

    /// One piece of the bytes in `scratch`; what is missing of them is silence. None if all of it is.
    pub fn piece<'a>(&mut self, scratch: &'a mut Scratch) -> Option<&'a [f32]> {
        self.silent = if scratch.bytes.is_empty() { self.silent.saturating_add(1) } else { 0 };
        if self.silent > 1 && self.delay() < super::LENGTH * self.silent {
            return None;
        }
        let Scratch { bytes, decoded, mixed, done } = scratch;
        for samples in [&mut *decoded, &mut *mixed, &mut *done] {
            samples.clear();
        }
        self.spec.format.decode(bytes, decoded);
        self.louder.apply(decoded, mixed);
        if let Some(resampler) = &mut self.resampler {
            resampler.run(mixed, FRAMES, done);
        } else {
            mixed.resize(FRAMES * OUTPUT.len(), 0.0);
            std::mem::swap(mixed, done);
        }
        Some(done)
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::Format;
    use super::*;

    #[test]
    fn a_stream_like_what_is_written_stays_as_it_is() {
        let spec = Spec::new(Format::S16Le, 2, RATE).unwrap();
        let mut converter = Converter::new(spec, &Map::usual(2));
        assert_eq!(converter.needed(), 1920);
        let mut scratch = Scratch { bytes: vec![0, 0x40, 0, 0xc0], ..Scratch::default() };
        let piece = converter.piece(&mut scratch).unwrap();
        assert_eq!((&piece[..4], piece.len()), (&[0.5, -0.5, 0.0, 0.0][..], 960));
        converter.set_volumes(&Volumes::normal(2), true);
        assert!(converter.piece(&mut scratch).unwrap().iter().all(|sample| *sample == 0.0));
    }

    #[test]
    fn a_stream_that_ends_is_heard_to_its_last_sample_and_costs_nothing_then() {
        let spec = Spec::new(Format::F32Le, 1, 8000).unwrap();
        let mut converter = Converter::new(spec, &Map::usual(1));
        assert!(!converter.ready(&mut 0) && converter.ready(&mut 1) && converter.ready(&mut 0));
        let bytes = 0.5_f32.to_le_bytes().repeat(converter.needed() / 4);
        let mut scratch = Scratch { bytes, ..Scratch::default() };
        converter.piece(&mut scratch).unwrap();
        assert!(converter.delay() > Duration::ZERO);
        scratch.bytes.clear();
        let rest = converter.piece(&mut scratch).unwrap();
        assert!(rest.iter().any(|sample| *sample > 0.4), "its last samples");
        assert!((0..3).any(|_| converter.piece(&mut scratch).is_none()));
    }
}
