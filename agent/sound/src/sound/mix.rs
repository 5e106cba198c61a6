//! The sum of what is played, as it is written.

use super::{BYTES, FRAMES, OUTPUT};

/// A piece that is being made.
#[derive(Debug)]
pub struct Mix {
    sum: Vec<f32>,
}

impl Default for Mix {
    fn default() -> Self {
        Self { sum: vec![0.0; FRAMES * OUTPUT.len()] }
    }
}

impl Mix {
    /// Adds a stream's piece.
    pub fn add(&mut self, piece: &[f32]) {
        for (sum, sample) in self.sum.iter_mut().zip(piece) {
            *sum += sample;
        }
    }

    /// The piece, with each channel multiplied, after which another is begun.
    pub fn take(&mut self, factors: &[f32]) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let samples = self.sum.iter().zip(factors.iter().cycle()).map(|(sample, factor)| written(sample * factor));
        for (place, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
            *place = sample.to_le_bytes();
        }
        self.sum.fill(0.0);
        bytes
    }
}

#[allow(clippy::cast_possible_truncation, reason = "what is louder than can be written is cut off")]
fn written(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_added_and_what_is_too_loud_is_cut_off() {
        let mut mix = Mix::default();
        mix.add(&[0.25, -0.75, 1.0]);
        mix.add(&[0.25, -0.75]);
        let piece = mix.take(&[1.0, 1.0]);
        let samples: Vec<_> = piece.as_chunks().0.iter().take(4).map(|bytes| i16::from_le_bytes(*bytes)).collect();
        assert_eq!(samples, [16_384, -32_768, 32_767, 0]);
        assert_eq!(mix.take(&[1.0, 1.0]), [0; BYTES], "it begins anew");
    }

    #[test]
    fn a_sample_is_written_as_it_was_read() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(written(f32::from(sample) / 32_768.0), sample);
        }
    }

    #[test]
    fn the_volume_is_of_each_channel() {
        let mut mix = Mix::default();
        mix.add(&[0.5, 0.5]);
        assert_eq!(mix.take(&[0.5, 0.0])[..4], [0, 0x20, 0, 0]);
    }
}
