//! The two protocols by which a compositor gives its pictures away.

use super::compositor::Compositor;
use super::memory::{Buffer, Shape};
use anyhow::Context;
use wayland_client::QueueHandle;
use wayland_client::globals::GlobalList;
use wayland_client::protocol::wl_output::WlOutput;
use wayland_protocols::ext::image_capture_source::v1::client::ext_output_image_capture_source_manager_v1::ExtOutputImageCaptureSourceManagerV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_frame_v1::ExtImageCopyCaptureFrameV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_manager_v1::{
    ExtImageCopyCaptureManagerV1, Options,
};
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_session_v1::ExtImageCopyCaptureSessionV1;
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::ZwlrScreencopyFrameV1;
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

/// Where pictures come from.
#[derive(Debug)]
pub(super) enum Source {
    /// wlr-screencopy: each picture is a request that first says what the buffer has to be like.
    Screencopy { manager: ZwlrScreencopyManagerV1, frame: Option<ZwlrScreencopyFrameV1>, whole: bool },
    /// ext-image-copy-capture: a session says it once and at each change.
    Session {
        manager: ExtImageCopyCaptureManagerV1,
        sources: ExtOutputImageCaptureSourceManagerV1,
        session: Option<ExtImageCopyCaptureSessionV1>,
        frame: Option<ExtImageCopyCaptureFrameV1>,
        shape: Option<Shape>,
    },
}

impl Source {
    /// The better one that the compositor has.
    pub(super) fn new(globals: &GlobalList, queue: &QueueHandle<Compositor>) -> anyhow::Result<Self> {
        if let (Ok(manager), Ok(sources)) = (globals.bind(queue, 1..=1, ()), globals.bind(queue, 1..=1, ())) {
            return Ok(Self::Session { manager, sources, session: None, frame: None, shape: None });
        }
        let manager = globals
            .bind(queue, 3..=3, ())
            .context("the compositor has neither ext-image-copy-capture nor wlr-screencopy 3")?;
        Ok(Self::Screencopy { manager, frame: None, whole: true })
    }

    /// The protocol's name.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Screencopy { .. } => "wlr-screencopy",
            Self::Session { .. } => "ext-image-copy-capture",
        }
    }

    /// Asks for a picture: with `whole` for the one that is shown, otherwise for the next that differs.
    ///
    /// Returns the shape of the buffer if it is known already; otherwise the compositor says it.
    pub(super) fn begin(&mut self, whole: bool, output: &WlOutput, queue: &QueueHandle<Compositor>) -> Option<Shape> {
        match self {
            Self::Screencopy { manager, frame, whole: copy_whole } => {
                *copy_whole = whole;
                *frame = Some(manager.capture_output(1, output, queue, ()));
                None
            }
            Self::Session { manager, sources, session, shape, .. } => {
                if whole && let Some(old) = session.take() {
                    old.destroy();
                    *shape = None;
                }
                session.get_or_insert_with(|| {
                    let source = sources.create_source(output, queue, ());
                    let session = manager.create_session(&source, Options::PaintCursors, queue, ());
                    source.destroy();
                    session
                });
                *shape
            }
        }
    }

    /// The shape that the compositor wants from now on.
    pub(super) fn set_shape(&mut self, new: Shape) {
        if let Self::Session { shape, .. } = self {
            *shape = Some(new);
        }
    }

    /// Has the picture put into the buffer.
    pub(super) fn copy(&mut self, buffer: &Buffer, shape: Shape, queue: &QueueHandle<Compositor>) {
        match self {
            Self::Screencopy { frame: Some(frame), whole: true, .. } => frame.copy(&buffer.wayland),
            Self::Screencopy { frame: Some(frame), .. } => frame.copy_with_damage(&buffer.wayland),
            Self::Session { session: Some(session), frame, .. } => {
                let new = session.create_frame(queue, ());
                new.attach_buffer(&buffer.wayland);
                // The buffer has an older picture or none: everything in it has to be written.
                new.damage_buffer(0, 0, shape.width.cast_signed(), shape.height.cast_signed());
                new.capture();
                *frame = Some(new);
            }
            Self::Screencopy { frame: None, .. } | Self::Session { session: None, .. } => {}
        }
    }

    /// The request is over, or not wanted any more.
    pub(super) fn end(&mut self) {
        match self {
            Self::Screencopy { frame, .. } => drop(frame.take().map(|frame| frame.destroy())),
            Self::Session { frame, .. } => drop(frame.take().map(|frame| frame.destroy())),
        }
    }
}
