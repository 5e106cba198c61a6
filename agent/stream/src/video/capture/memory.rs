//! The memory that the compositor copies pictures into.

use super::compositor::Compositor;
use crate::sys;
use crate::video::convert::{Order, Picture};
use crate::video::dmabuf::GpuPicture;
use anyhow::Context;
use memmap2::Mmap;
use std::fmt::Debug;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;
use wayland_client::QueueHandle;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_shm::{Format, WlShm};

/// One is copied into, one waits, one is being converted, one becomes a screenshot.
const MOST: usize = 4;

/// What a buffer for the display has to be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) format: Format,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) stride: u32,
    /// The pixels of a buffer on the graphics card, by their DRM code. 0: any. `None`: it cannot be there.
    pub(super) gpu: Option<u32>,
}

impl Shape {
    /// The order of the bytes, if it is one that can be converted.
    pub(super) fn order(format: Format) -> Option<Order> {
        match format {
            Format::Xrgb8888 | Format::Argb8888 => Some(Order::Bgrx),
            Format::Xbgr8888 | Format::Abgr8888 => Some(Order::Rgbx),
            _ => None,
        }
    }
}

#[derive(Debug)]
enum Place {
    /// Shared with the compositor.
    Memory(Mmap, Order),
    Gpu(GpuPicture),
}

/// What the compositor copies a picture into.
#[derive(Debug)]
pub(super) struct Buffer {
    place: Place,
    shape: Shape,
    pub(super) wayland: WlBuffer,
}

impl Buffer {
    pub(super) fn on_gpu(picture: GpuPicture, shape: Shape, wayland: WlBuffer) -> Self {
        Self { place: Place::Gpu(picture), shape, wayland }
    }

    pub(super) fn is_on_gpu(&self) -> bool {
        matches!(self.place, Place::Gpu(_))
    }

    pub(super) fn in_memory(shm: &WlShm, shape: Shape, queue: &QueueHandle<Compositor>) -> anyhow::Result<Self> {
        let order = Shape::order(shape.format)
            .with_context(|| format!("the display has pixels of the unknown kind {:?}", shape.format))?;
        let bytes =
            i32::try_from(u64::from(shape.stride) * u64::from(shape.height)).context("the display is too big")?;
        let (fd, map) =
            sys::shared_memory("picture", bytes.unsigned_abs() as usize).context("no memory for pictures")?;
        let pool = shm.create_pool(fd.as_fd(), bytes, queue, ());
        let [width, height, stride] = [shape.width, shape.height, shape.stride].map(u32::cast_signed);
        let wayland = pool.create_buffer(0, width, height, stride, shape.format, queue, ());
        pool.destroy();
        Ok(Self { place: Place::Memory(map, order), shape, wayland })
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.wayland.destroy();
    }
}

impl Pixels for Buffer {
    fn content(&self) -> Content<'_> {
        let Shape { width, height, stride, .. } = self.shape;
        match &self.place {
            Place::Memory(map, order) => Content::Memory(Picture { bytes: map, width, height, stride, order: *order }),
            Place::Gpu(picture) => Content::Gpu(picture),
        }
    }
}

/// What a picture consists of.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    Memory(Picture<'a>),
    Gpu(&'a GpuPicture),
}

/// Memory that is not written to while somebody holds it.
pub(crate) trait Pixels: Debug + Send + Sync {
    fn content(&self) -> Content<'_>;
}

/// A picture that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pixels: Arc<dyn Pixels>,
    /// When the display showed it.
    pub(crate) taken: Duration,
}

impl Frame {
    pub(crate) fn new(pixels: Arc<dyn Pixels>, taken: Duration) -> Self {
        Self { pixels, taken }
    }

    pub(crate) fn content(&self) -> Content<'_> {
        self.pixels.content()
    }
}

/// Buffers that are used again and again.
#[derive(Debug, Default)]
pub(super) struct Buffers(Vec<Arc<Buffer>>);

impl Buffers {
    /// One that nobody reads, on the graphics card or in memory; `None` if all are in use.
    pub(super) fn free(
        &mut self,
        shape: Shape,
        on_gpu: bool,
        make: impl FnOnce() -> anyhow::Result<Buffer>,
    ) -> anyhow::Result<Option<Arc<Buffer>>> {
        let fits = |buffer: &Buffer| buffer.shape == shape && buffer.is_on_gpu() == on_gpu;
        self.0.retain(|buffer| fits(buffer) || Arc::strong_count(buffer) > 1);
        if let Some(buffer) = self.0.iter().find(|buffer| fits(buffer) && Arc::strong_count(buffer) == 1) {
            return Ok(Some(Arc::clone(buffer)));
        }
        if self.0.len() >= MOST {
            return Ok(None);
        }
        let buffer = Arc::new(make()?);
        self.0.push(Arc::clone(&buffer));
        Ok(Some(buffer))
    }
}
