//! What the compositor says.

use super::memory::Shape;
use crate::video::dmabuf::DrmFormat;
use std::time::Duration;
use wayland_client::globals::GlobalListContents;
use wayland_client::protocol::wl_buffer::WlBuffer;
use wayland_client::protocol::wl_output::WlOutput;
use wayland_client::protocol::wl_registry::{self, WlRegistry};
use wayland_client::protocol::wl_shm::{Format, WlShm};
use wayland_client::protocol::wl_shm_pool::WlShmPool;
use wayland_client::{Connection, Dispatch, QueueHandle, WEnum, delegate_noop, event_created_child};
use wayland_protocols::ext::image_capture_source::v1::client::ext_image_capture_source_v1::ExtImageCaptureSourceV1;
use wayland_protocols::ext::image_capture_source::v1::client::ext_output_image_capture_source_manager_v1::ExtOutputImageCaptureSourceManagerV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_frame_v1::{
    self as copy_frame, ExtImageCopyCaptureFrameV1,
};
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_manager_v1::ExtImageCopyCaptureManagerV1;
use wayland_protocols::ext::image_copy_capture::v1::client::ext_image_copy_capture_session_v1::{
    self as copy_session, ExtImageCopyCaptureSessionV1,
};
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_buffer_params_v1::{
    self as params, ZwpLinuxBufferParamsV1,
};
use wayland_protocols::wp::linux_dmabuf::zv1::client::zwp_linux_dmabuf_v1::{self as dmabuf, ZwpLinuxDmabufV1};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_configuration_head_v1::ZwlrOutputConfigurationHeadV1;
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_configuration_v1::{
    self as configuration, ZwlrOutputConfigurationV1,
};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_head_v1::{self as head, ZwlrOutputHeadV1};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_manager_v1::{
    self as output_manager, ZwlrOutputManagerV1,
};
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_mode_v1::ZwlrOutputModeV1;
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_frame_v1::{
    self as screencopy, ZwlrScreencopyFrameV1,
};
use wayland_protocols_wlr::screencopy::v1::client::zwlr_screencopy_manager_v1::ZwlrScreencopyManagerV1;

/// How far a request for a picture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// A buffer has to be like this.
    Shape(Shape),
    /// The picture is in the buffer; shown at this time.
    Ready(Duration),
    /// There is none, as the display changes.
    Failed,
}

/// What became of a change of the mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applied {
    Succeeded,
    Failed,
    /// The outputs changed meanwhile: to be tried again.
    Cancelled,
}

/// Everything that arrives goes here, to be looked at when all that is there was read.
#[derive(Debug, Default)]
pub(super) struct Compositor {
    /// In the order in which it came.
    pub(super) progress: Vec<Progress>,
    shape: Option<Shape>,
    shown: Option<Duration>,
    /// The outputs; a headless compositor has one.
    pub(super) heads: Vec<ZwlrOutputHeadV1>,
    /// Of the state of the outputs.
    pub(super) serial: Option<u32>,
    pub(super) applied: Option<Applied>,
    /// What buffers on the graphics card may be like.
    pub(super) offered: Vec<DrmFormat>,
    /// The same, while a session says it.
    saying: Vec<DrmFormat>,
    /// The last buffer on the graphics card, if the compositor knows it now.
    pub(super) imported: Option<WlBuffer>,
}

impl Compositor {
    fn shape(&mut self) -> &mut Shape {
        self.shape.get_or_insert(Shape { format: Format::R8, width: 0, height: 0, stride: 0, gpu: None })
    }
}

/// Wayland splits the seconds in two.
fn time(tv_sec_hi: u32, tv_sec_lo: u32, tv_nsec: u32) -> Duration {
    Duration::new((u64::from(tv_sec_hi) << 32) | u64::from(tv_sec_lo), tv_nsec)
}

impl Dispatch<ZwlrScreencopyFrameV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        _: &ZwlrScreencopyFrameV1,
        event: screencopy::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            screencopy::Event::Buffer { format: WEnum::Value(format), width, height, stride } => {
                state.shape = Some(Shape { format, width, height, stride, gpu: None });
            }
            screencopy::Event::LinuxDmabuf { format, .. } => {
                if let Some(shape) = &mut state.shape {
                    shape.gpu = Some(format);
                }
            }
            screencopy::Event::BufferDone => state.progress.extend(state.shape.take().map(Progress::Shape)),
            screencopy::Event::Ready { tv_sec_hi, tv_sec_lo, tv_nsec } => {
                state.progress.push(Progress::Ready(time(tv_sec_hi, tv_sec_lo, tv_nsec)));
            }
            screencopy::Event::Failed => state.progress.push(Progress::Failed),
            _ => {}
        }
    }
}

impl Dispatch<ExtImageCopyCaptureSessionV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        _: &ExtImageCopyCaptureSessionV1,
        event: copy_session::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            copy_session::Event::BufferSize { width, height } => {
                let shape = state.shape();
                (shape.width, shape.height, shape.stride) = (width, height, width * 4);
            }
            copy_session::Event::ShmFormat { format: WEnum::Value(format) } if Shape::order(format).is_some() => {
                state.shape().format = format;
            }
            copy_session::Event::DmabufFormat { format, modifiers } => {
                let modifiers = modifiers.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok());
                let modifiers = modifiers.map(u64::from_ne_bytes);
                state.saying.extend(modifiers.map(|modifier| DrmFormat { fourcc: format, modifier }));
            }
            copy_session::Event::Done => {
                state.offered = std::mem::take(&mut state.saying);
                state.shape().gpu = if state.offered.is_empty() { None } else { Some(0) };
                state.progress.extend(state.shape.map(Progress::Shape));
            }
            copy_session::Event::Stopped => state.progress.push(Progress::Failed),
            _ => {}
        }
    }
}

impl Dispatch<ExtImageCopyCaptureFrameV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        _: &ExtImageCopyCaptureFrameV1,
        event: copy_frame::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            copy_frame::Event::PresentationTime { tv_sec_hi, tv_sec_lo, tv_nsec } => {
                state.shown = Some(time(tv_sec_hi, tv_sec_lo, tv_nsec));
            }
            copy_frame::Event::Ready => {
                let shown = state.shown.take().unwrap_or_else(crate::clock::now);
                state.progress.push(Progress::Ready(shown));
            }
            copy_frame::Event::Failed { .. } => state.progress.push(Progress::Failed),
            _ => {}
        }
    }
}

impl Dispatch<ZwpLinuxDmabufV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        _: &ZwpLinuxDmabufV1,
        event: dmabuf::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let dmabuf::Event::Modifier { format, modifier_hi, modifier_lo } = event {
            let modifier = (u64::from(modifier_hi) << 32) | u64::from(modifier_lo);
            state.offered.push(DrmFormat { fourcc: format, modifier });
        }
    }
}

impl Dispatch<ZwpLinuxBufferParamsV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        _: &ZwpLinuxBufferParamsV1,
        event: params::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        state.imported = match event {
            params::Event::Created { buffer } => Some(buffer),
            _ => None,
        };
    }

    event_created_child!(Self, ZwpLinuxBufferParamsV1, [
        params::EVT_CREATED_OPCODE => (WlBuffer, ()),
    ]);
}

impl Dispatch<ZwlrOutputManagerV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        _: &ZwlrOutputManagerV1,
        event: output_manager::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        match event {
            output_manager::Event::Head { head } => state.heads.push(head),
            output_manager::Event::Done { serial } => state.serial = Some(serial),
            _ => {}
        }
    }

    event_created_child!(Self, ZwlrOutputManagerV1, [
        output_manager::EVT_HEAD_OPCODE => (ZwlrOutputHeadV1, ()),
    ]);
}

impl Dispatch<ZwlrOutputHeadV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        head: &ZwlrOutputHeadV1,
        event: head::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if matches!(event, head::Event::Finished) {
            state.heads.retain(|known| known != head);
            head.release();
        }
    }

    event_created_child!(Self, ZwlrOutputHeadV1, [
        head::EVT_MODE_OPCODE => (ZwlrOutputModeV1, ()),
    ]);
}

impl Dispatch<ZwlrOutputConfigurationV1, ()> for Compositor {
    fn event(
        state: &mut Self,
        asked: &ZwlrOutputConfigurationV1,
        event: configuration::Event,
        (): &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        state.applied = match event {
            configuration::Event::Succeeded => Some(Applied::Succeeded),
            configuration::Event::Failed => Some(Applied::Failed),
            configuration::Event::Cancelled => Some(Applied::Cancelled),
            _ => return,
        };
        asked.destroy();
    }
}

impl Dispatch<WlRegistry, GlobalListContents> for Compositor {
    fn event(
        _: &mut Self,
        _: &WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

delegate_noop!(Compositor: ignore WlShm);
delegate_noop!(Compositor: ignore WlOutput);
delegate_noop!(Compositor: ignore WlBuffer);
delegate_noop!(Compositor: ignore ZwlrOutputModeV1);
delegate_noop!(Compositor: WlShmPool);
delegate_noop!(Compositor: ZwlrScreencopyManagerV1);
delegate_noop!(Compositor: ZwlrOutputConfigurationHeadV1);
delegate_noop!(Compositor: ExtImageCaptureSourceV1);
delegate_noop!(Compositor: ExtOutputImageCaptureSourceManagerV1);
delegate_noop!(Compositor: ExtImageCopyCaptureManagerV1);
