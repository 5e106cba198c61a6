//! The thread that converts and encodes.

use super::ladder::Rung;
use super::pipeline::{Encoding, Format};
use crate::media::{AccessUnit, EncodedPicture};
use crate::video::capture::{Content, Frame};
use crate::video::convert::{ConvertError, Picture, convert};
use crate::video::shared::{Order, Shared, Work};
use anyhow::Context;
use gstreamer::Buffer;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// An encoder without delay answers within milliseconds; what has not come by then comes with a later picture.
const PATIENCE: Duration = Duration::from_millis(500);

/// Memory of pictures that are encoded already, to be used again.
type Spare = Arc<Mutex<Vec<Vec<u8>>>>;

/// The bytes of a picture on their way through `GStreamer`.
struct Bytes(Vec<u8>, Spare);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        let mut spare = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < 3 {
            spare.push(std::mem::take(&mut self.0));
        }
    }
}

/// A picture as the encoder takes it.
struct Ready {
    picture: Buffer,
    format: Format,
    /// On the graphics card it must not be written to while it can be encoded once more.
    held: Option<Frame>,
}

impl Ready {
    /// Waits for the graphics card.
    fn drawn(&self) -> anyhow::Result<()> {
        match self.held.as_ref().map(Frame::content) {
            Some(Content::Gpu(picture)) => picture.drawn(),
            _ => Ok(()),
        }
    }
}

/// What the thread works with.
pub(in crate::video) struct Worker {
    /// The encoders of the session; [`Order::rung`] is a place in it.
    pub(in crate::video) rungs: Vec<Rung>,
    /// Pictures a second, at most, of the whole session.
    pub(in crate::video) most: u32,
    /// Pictures a second at the moment.
    pub(in crate::video) frame_rate: Arc<AtomicU32>,
    pub(in crate::video) shared: Arc<Shared>,
    pub(in crate::video) units: broadcast::Sender<Arc<EncodedPicture>>,
}

impl Worker {
    /// Until the end of the program, or until the encoder fails for good.
    pub(in crate::video) fn run(&self) -> anyhow::Result<()> {
        let spare = Spare::default();
        let mut encoding: Option<Encoding> = None;
        let mut last: Option<Ready> = None;
        let mut gpu = true;
        while let Some(Order { work, bitrate, rung }) = self.shared.next() {
            let began = crate::clock::now();
            let rung = *self.rungs.get(rung).context("there is no such encoder")?;
            let (keyframe, taken) = match work {
                Work::Forget => {
                    last = None;
                    continue;
                }
                Work::Again(keyframe) => (keyframe, None),
                Work::Picture(frame, keyframe) => {
                    last = self.ready(&frame, rung, gpu, &spare)?;
                    (keyframe, Some(frame.taken))
                }
            };
            let Some(ready) = &last else { continue };
            let format = ready.format;
            let running = encoding.take().filter(|running| running.is(rung, format));
            let result = running.map_or_else(|| Encoding::new(rung, format, bitrate).context(rung.element), Ok);
            let result = result.and_then(|mut running| {
                ready.drawn()?;
                running.set_rates(bitrate, self.frame_rate.load(Ordering::Relaxed));
                self.encode(&mut running, ready.picture.clone(), taken, keyframe, began).map(|()| running)
            });
            match result {
                Ok(running) => encoding = Some(running),
                // Such as a buffer of another size that cannot be imported: pictures in memory come soon.
                Err(error) if format.drm.is_some() => {
                    self.shared.lose_gpu(format!("{error:#}"));
                    (last, gpu) = (None, false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn encode(
        &self,
        encoding: &mut Encoding,
        picture: Buffer,
        taken: Option<Duration>,
        keyframe: bool,
        began: Duration,
    ) -> anyhow::Result<()> {
        let time = taken.unwrap_or(began);
        let rung = encoding.rung();
        for unit in encoding.encode(picture, time, keyframe, PATIENCE).context(rung.element)? {
            let now = crate::clock::now();
            self.shared.encoded(taken.is_some(), now.saturating_sub(unit.taken), now.saturating_sub(began));
            let unit = AccessUnit { data: unit.data, keyframe: unit.keyframe, taken: unit.taken };
            // Without a receiver nobody watches any more.
            let _ = self.units.send(Arc::new(EncodedPicture { codec: rung.codec, unit }));
        }
        Ok(())
    }

    /// `None`: the picture is on the graphics card, and this encoder does not take it from there. One that it does take
    /// comes next.
    fn ready(&self, frame: &Frame, rung: Rung, gpu: bool, spare: &Spare) -> Result<Option<Ready>, ConvertError> {
        Ok(match frame.content() {
            Content::Memory(picture) => {
                let (picture, format) = self.converted(picture, rung, spare)?;
                Some(Ready { picture, format, held: None })
            }
            Content::Gpu(picture) if gpu && rung.dmabuf => {
                let format = Format::of_gpu(picture, self.most);
                Some(Ready { picture: picture.buffer.clone(), format, held: Some(frame.clone()) })
            }
            Content::Gpu(_) => None,
        })
    }

    fn converted(&self, picture: Picture<'_>, rung: Rung, spare: &Spare) -> Result<(Buffer, Format), ConvertError> {
        let mut bytes = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        convert(picture, rung.layout, &mut bytes)?;
        let format = Format { width: picture.width, height: picture.height, frame_rate: self.most, drm: None };
        Ok((Buffer::from_slice(Bytes(bytes, Arc::clone(spare))), format))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Encoder;
    use crate::video::capture::Pixels;
    use crate::video::dmabuf::GpuPicture;
    use crate::video::encode::ladder::candidates;

    #[derive(Debug)]
    struct OnGpu(GpuPicture);

    impl Pixels for OnGpu {
        fn content(&self) -> Content<'_> {
            Content::Gpu(&self.0)
        }
    }

    #[test]
    fn a_picture_on_the_graphics_card_goes_only_where_it_is_taken() {
        gstreamer::init().unwrap();
        let file = tempfile::tempfile().unwrap();
        file.set_len(64 * 1024).unwrap();
        let picture = GpuPicture::new(file.into(), "XR24".parse().unwrap(), [64, 32], [0, 256]).unwrap();
        let pixels = Arc::new(OnGpu(picture));
        let frame = Frame::new(Arc::clone(&pixels) as Arc<dyn Pixels>, Duration::ZERO);
        let worker = Worker {
            rungs: candidates(Encoder::Vaapi, true),
            most: 60,
            frame_rate: Arc::default(),
            shared: Arc::default(),
            units: broadcast::channel(1).0,
        };
        let ready = |rung, gpu| worker.ready(&frame, rung, gpu, &Spare::default()).unwrap();
        let [taking, other] = [worker.rungs[0], worker.rungs[2]];
        assert!(taking.dmabuf && !other.dmabuf);
        assert!(ready(other, true).is_none() && ready(taking, false).is_none());
        let taken = ready(taking, true).unwrap();
        taken.drawn().unwrap();
        assert_eq!(taken.format.drm, Some("XR24".parse().unwrap()));
        drop(frame);
        assert_eq!(Arc::strong_count(&pixels), 2, "its buffer is not written to while it can be encoded once more");
    }
}
