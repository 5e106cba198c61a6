//! Encoders: which one is used, and the thread that feeds it.

pub mod ladder;
pub(super) mod pipeline;
pub(super) mod worker;

use crate::args::Encoder;
use anyhow::Context;
use dillinger_ring::planes::Planes;
use gstreamer::Buffer;
use ladder::Rung;
use pipeline::{Encoding, Format};
use std::sync::mpsc;
use std::time::Duration;

/// A driver that hangs is as good as none.
const PATIENCE: Duration = Duration::from_secs(5);
/// For the test picture, bits a second.
const TEST_BITRATE: u64 = 2_000_000;

/// An encoder that works.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) rung: Rung,
    /// Why this one.
    pub(super) reason: String,
}

/// Finds the encoders for this session by letting each one encode: the best one, and after it one for browsers that do
/// not decode what the best one makes.
pub(super) fn choose(asked: Encoder, format: Format) -> Result<Vec<Choice>, String> {
    let works = |rung: &Rung| works(*rung, format);
    let (rung, reason) = ladder::choose(ladder::candidates(asked), works)?;
    let other = ladder::choose(ladder::others(asked, rung), works);
    let other = other.map(|(other, encoded)| Choice {
        rung: other,
        reason: format!("a viewer does not decode {}; {encoded}", rung.codec.as_str()),
    });
    Ok([Choice { rung, reason }].into_iter().chain(other).collect())
}

fn works(rung: Rung, format: Format) -> Result<(), String> {
    let (done, result) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("encoder test".to_owned());
    let started = thread.spawn(move || done.send(test(rung, format).map_err(|error| format!("{error:#}"))));
    started.map_err(|error| error.to_string())?;
    result.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(format!("no picture within {} s", PATIENCE.as_secs())))
}

/// Two pictures, of which the first must be decodable by itself.
fn test(rung: Rung, format: Format) -> anyhow::Result<()> {
    let mut encoding = Encoding::new(rung, format, TEST_BITRATE)?;
    for number in 0..2u8 {
        let taken = Duration::from_millis(20 * u64::from(number));
        let units = encoding.encode(grey(rung, format, number)?, taken, false, PATIENCE)?;
        match units.first() {
            Some(unit) if number == 0 && !unit.keyframe => anyhow::bail!("it does not begin with a keyframe"),
            Some(_) => {}
            None => anyhow::bail!("it keeps pictures back"),
        }
    }
    Ok(())
}

/// A picture for the test.
fn grey(rung: Rung, format: Format, number: u8) -> anyhow::Result<Buffer> {
    let planes = Planes::new(format.width, format.height).context("the test picture")?;
    Ok(Buffer::from_slice(vec![100 + number; rung.layout.bytes(planes)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_even_size_is_encoded() {
        gstreamer::init().unwrap();
        for encoder in [Encoder::X264, Encoder::Openh264, Encoder::Vp8] {
            let [rung] = ladder::candidates(encoder) else { panic!("{encoder:?}") };
            if gstreamer::ElementFactory::find(rung.element).is_none() {
                continue;
            }
            for (width, height) in [(1366, 768), (854, 480), (1300, 720), (320, 200), (322, 202), (18, 18)] {
                let format = Format { width, height, frame_rate: 60 };
                assert_eq!(works(*rung, format), Ok(()), "{} {width}x{height}", rung.element);
            }
        }
    }
}
