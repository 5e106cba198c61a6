//! The thread that encodes.

use super::ladder::Rung;
use super::pipeline::{Encoding, Format};
use crate::media::{AccessUnit, EncodedPicture};
use crate::video::capture::{Frame, Pixels};
use crate::video::convert::{Layout, interleave};
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

/// A picture of the display server on its way through `GStreamer`.
struct Lent(Arc<dyn Pixels>);

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// A picture as the encoder takes it.
struct Ready {
    picture: Buffer,
    format: Format,
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
                    last = Some(self.ready(&frame, rung, &spare));
                    (keyframe, Some(frame.taken))
                }
            };
            let Some(ready) = &last else { continue };
            let format = ready.format;
            let running = encoding.take().filter(|running| running.is(rung, format));
            let result = running.map_or_else(|| Encoding::new(rung, format, bitrate).context(rung.element), Ok);
            let result = result.and_then(|mut running| {
                running.set_rates(bitrate, self.frame_rate.load(Ordering::Relaxed));
                self.encode(&mut running, ready.picture.clone(), taken, keyframe, began).map(|()| running)
            });
            encoding = Some(result?);
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

    fn ready(&self, frame: &Frame, rung: Rung, spare: &Spare) -> Ready {
        let planes = frame.pixels.planes();
        let picture = match rung.layout {
            // The ring's memory itself, which goes back when the encoder has no use for it any more.
            Layout::I420 => Buffer::from_slice(Lent(Arc::clone(&frame.pixels))),
            Layout::Nv12 => {
                let mut bytes = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
                interleave((*frame.pixels).as_ref(), planes, &mut bytes);
                Buffer::from_slice(Bytes(bytes, Arc::clone(spare)))
            }
        };
        Ready { picture, format: Format { width: planes.width(), height: planes.height(), frame_rate: self.most } }
    }
}
