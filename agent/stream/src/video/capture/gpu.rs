//! Buffers on the graphics card for the compositor to copy into. Not tried on hardware.

use super::compositor::Compositor;
use super::memory::{Buffer, Frame, Shape};
use crate::video::dmabuf::{Card, DrmFormat};
use crate::video::shared::Shared;
use anyhow::Context;
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use wayland_client::EventQueue;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_buffer_params_v1::Flags;
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_dmabuf_v1::ZwpLinuxDmabufV1;

/// For this long a copy may fail, as it does while the mode changes.
const PATIENCE: Duration = Duration::from_millis(500);

/// Who asked for the first picture on the graphics card.
pub(in crate::video) type Probe = SyncSender<Result<Frame, String>>;

/// Whether pictures stay on the graphics card.
#[derive(Debug, Default)]
pub(super) struct Gpu {
    /// `None`: the compositor knows no such buffers.
    import: Option<ZwpLinuxDmabufV1>,
    card: Option<Card>,
    on: bool,
    probe: Option<Probe>,
    failing_since: Option<Duration>,
}

impl Gpu {
    pub(super) fn new(import: Option<ZwpLinuxDmabufV1>) -> Self {
        Self { import, ..Self::default() }
    }

    /// Begins to allocate on this card what the encoder takes; `probe` gets the first picture, or why there is none.
    pub(super) fn start(&mut self, node: &Path, taken: Vec<DrmFormat>, probe: Probe) {
        let card = match self.import {
            Some(_) => Card::open(node, taken).map_err(|error| format!("{error:#}")),
            None => Err("the compositor draws in memory".to_owned()),
        };
        (self.on, self.failing_since) = (card.is_ok(), None);
        match card {
            Ok(card) => (self.card, self.probe) = (Some(card), Some(probe)),
            Err(reason) => drop(probe.send(Err(reason))),
        }
    }

    /// Lets pictures stay on the card or not. Without a card they do not.
    pub(super) fn set(&mut self, on: bool) {
        (self.on, self.probe) = (on, None);
    }

    pub(super) fn is_on(&self) -> bool {
        self.on && self.card.is_some()
    }

    /// Somebody waits for the first picture.
    pub(super) fn is_asked(&self) -> bool {
        self.probe.is_some()
    }

    /// A picture is in such a buffer.
    pub(super) fn succeeded(&mut self, frame: &Frame) {
        self.failing_since = None;
        if let Some(probe) = self.probe.take() {
            let _ = probe.send(Ok(frame.clone()));
        }
    }

    /// A copy into such a buffer failed; after some time of that no more are made.
    pub(super) fn failed(&mut self, now: Duration, shared: &Shared) {
        if now.saturating_sub(*self.failing_since.get_or_insert(now)) >= PATIENCE {
            self.lose("the compositor does not copy into its buffers".to_owned(), shared);
        }
    }

    /// Pictures go through memory from now on.
    pub(super) fn lose(&mut self, reason: String, shared: &Shared) {
        self.card = None;
        match self.probe.take() {
            Some(probe) => drop(probe.send(Err(reason))),
            None => shared.lose_gpu(reason),
        }
    }

    /// A new buffer, which the compositor knows already.
    ///
    /// Waits for the compositor: a buffer that it refuses would otherwise be the end of the connection.
    pub(super) fn buffer(
        &self,
        shape: Shape,
        queue: &mut EventQueue<Compositor>,
        compositor: &mut Compositor,
    ) -> anyhow::Result<Buffer> {
        let (card, import) = self.card.as_ref().zip(self.import.as_ref()).context("no graphics card")?;
        let wanted = shape.gpu.context("the compositor copies no pictures on the graphics card")?;
        let picture = card.allocate(&compositor.offered, wanted, [shape.width, shape.height])?;
        let [high, low] = halves(picture.drm.modifier);
        let [width, height] = [shape.width, shape.height].map(u32::cast_signed);
        let handle = queue.handle();
        let params = import.create_params(&handle, ());
        params.add(picture.fd.as_fd(), 0, picture.offset, picture.stride, high, low);
        params.create(width, height, picture.drm.fourcc, Flags::empty());
        compositor.imported = None;
        queue.roundtrip(compositor).context("the compositor does not answer")?;
        params.destroy();
        let wayland = compositor.imported.take().context("the compositor refuses the buffer")?;
        Ok(Buffer::on_gpu(picture, shape, wayland))
    }
}

/// Wayland splits modifiers in two.
fn halves(modifier: u64) -> [u32; 2] {
    // Neither half has more bits.
    [modifier >> 32, modifier & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::sync_channel;

    #[test]
    fn modifiers_are_split_in_two() {
        assert_eq!(halves(0x0102_0304_0506_0708), [0x0102_0304, 0x0506_0708]);
    }

    #[test]
    fn who_asks_is_told_why_there_is_no_picture() {
        let (shared, mut gpu) = (Shared::default(), Gpu::default());
        let (probe, answer) = sync_channel(1);
        gpu.start(Path::new("/dev/null"), Vec::new(), probe);
        assert!(answer.recv().unwrap().unwrap_err().contains("draws in memory") && !gpu.is_on());

        let (probe, answer) = sync_channel(1);
        gpu.probe = Some(probe);
        let second = Duration::from_secs(1);
        gpu.failed(second, &shared);
        gpu.failed(second + PATIENCE / 2, &shared);
        assert!(answer.try_recv().is_err(), "the mode may be changing");
        gpu.failed(second + PATIENCE, &shared);
        assert!(answer.recv().unwrap().unwrap_err().contains("does not copy"));
        assert_eq!(shared.lost_gpu(), None, "nobody else has to know");
    }

    #[test]
    fn the_encoder_is_told_when_a_card_is_lost_later() {
        let (shared, mut gpu) = (Shared::default(), Gpu::default());
        gpu.lose("gone".to_owned(), &shared);
        assert_eq!((shared.lost_gpu(), shared.lost_gpu()), (Some("gone".to_owned()), None));
    }
}
