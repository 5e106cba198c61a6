//! Encoders: which one is used, and the thread that feeds it.

mod gpu;
pub mod ladder;
pub(super) mod pipeline;
pub(super) mod worker;

use super::capture::{Capture, Command, Content, Frame};
use super::dmabuf;
use crate::args::Encoder;
use crate::process::render_nodes;
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
///
/// A picture on the graphics card is tried with one that the compositor copied there.
pub(super) fn choose(asked: Encoder, format: Format, capture: &Capture) -> Result<Vec<Choice>, String> {
    let works = |rung: &Rung| {
        let gpu = if rung.dmabuf { Some(on_gpu(capture, format.frame_rate)?) } else { None };
        let (format, frame) = gpu.map_or((format, None), |(format, frame)| (format, Some(frame)));
        works(*rung, format, frame)
    };
    let (rung, reason) = ladder::choose(&ladder::candidates(asked, dmabuf::present(&render_nodes())), works)?;
    capture.send(Command::Gpu(rung.dmabuf));
    let other = ladder::choose(ladder::others(asked, rung), works);
    let other = other.map(|(other, encoded)| Choice {
        rung: other,
        reason: format!("a viewer does not decode {}; {encoded}", rung.codec.as_str()),
    });
    Ok([Choice { rung, reason }].into_iter().chain(other).collect())
}

/// A picture that stays on the graphics card. Not tried on hardware.
fn on_gpu(capture: &Capture, frame_rate: u32) -> Result<(Format, Frame), String> {
    let (node, taken) = gpu::takes().map_err(|error| format!("{error:#}"))?;
    let (probe, answer) = mpsc::sync_channel(1);
    capture.send(Command::OpenGpu(node, taken, probe));
    let frame = answer.recv_timeout(PATIENCE).unwrap_or_else(|_| Err("the compositor copies no picture".to_owned()))?;
    let Content::Gpu(picture) = frame.content() else { return Err("the picture is in memory".to_owned()) };
    Ok((Format::of_gpu(picture, frame_rate), frame))
}

fn works(rung: Rung, format: Format, frame: Option<Frame>) -> Result<(), String> {
    let (done, result) = mpsc::sync_channel(1);
    let thread = std::thread::Builder::new().name("encoder test".to_owned());
    let started =
        thread.spawn(move || done.send(test(rung, format, frame.as_ref()).map_err(|error| format!("{error:#}"))));
    started.map_err(|error| error.to_string())?;
    result.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(format!("no picture within {} s", PATIENCE.as_secs())))
}

/// Two pictures, of which the first must be decodable by itself.
fn test(rung: Rung, format: Format, frame: Option<&Frame>) -> anyhow::Result<()> {
    let mut encoding = Encoding::new(rung, format, TEST_BITRATE)?;
    for number in 0..2u8 {
        let taken = Duration::from_millis(20 * u64::from(number));
        let picture = match frame.map(Frame::content) {
            Some(Content::Gpu(picture)) => {
                picture.drawn()?;
                picture.buffer.clone()
            }
            _ => grey(format, number),
        };
        let units = encoding.encode(picture, taken, false, PATIENCE)?;
        match units.first() {
            Some(unit) if number == 0 && !unit.keyframe => anyhow::bail!("it does not begin with a keyframe"),
            Some(_) => {}
            None => anyhow::bail!("it keeps pictures back"),
        }
    }
    Ok(())
}

/// A picture for the test; both layouts are as long.
fn grey(format: Format, number: u8) -> Buffer {
    let luma = format.width as usize * format.height as usize;
    Buffer::from_slice(vec![100 + number; luma + luma / 2])
}
