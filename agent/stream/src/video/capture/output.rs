//! The mode of the display.

use super::compositor::{Applied, Compositor};
use crate::video::Mode;
use tokio::sync::oneshot;
use wayland_client::QueueHandle;
use wayland_protocols_wlr::output_management::v1::client::zwlr_output_manager_v1::ZwlrOutputManagerV1;

/// A mode that is wanted, and who is to be told.
pub(super) type Wanted = (Mode, oneshot::Sender<Result<(), String>>);

/// Sets modes, one after the other.
#[derive(Debug)]
pub(super) struct Output {
    manager: ZwlrOutputManagerV1,
    waiting: Vec<Wanted>,
    asked: Option<Wanted>,
}

impl Output {
    pub(super) fn new(manager: ZwlrOutputManagerV1) -> Self {
        Self { manager, waiting: Vec::new(), asked: None }
    }

    pub(super) fn set(&mut self, mode: Mode, done: oneshot::Sender<Result<(), String>>) {
        self.waiting.push((mode, done));
    }

    /// Goes on with what was asked for. Returns a mode that has just been set.
    pub(super) fn advance(&mut self, compositor: &mut Compositor, queue: &QueueHandle<Compositor>) -> Option<Mode> {
        let mut set = None;
        if let Some(applied) = compositor.applied.take()
            && let Some((mode, done)) = self.asked.take()
        {
            match applied {
                Applied::Succeeded => {
                    set = Some(mode);
                    let _ = done.send(Ok(()));
                }
                Applied::Failed => {
                    let Mode { width, height, refresh_rate } = mode;
                    let _ = done.send(Err(format!("the compositor refuses {width}x{height} at {refresh_rate} Hz")));
                }
                Applied::Cancelled => self.waiting.insert(0, (mode, done)),
            }
        }
        if self.asked.is_none()
            && !self.waiting.is_empty()
            && let (Some(serial), Some(head)) = (compositor.serial, compositor.heads.first())
        {
            let (mode, done) = self.waiting.remove(0);
            let configuration = self.manager.create_configuration(serial, queue, ());
            let [width, height, refresh] = [mode.width, mode.height, mode.refresh_rate * 1000].map(u32::cast_signed);
            configuration.enable_head(head, queue, ()).set_custom_mode(width, height, refresh);
            configuration.apply();
            // A new serial comes with the change; an older one would only be cancelled.
            self.asked = Some((mode, done));
        }
        set
    }
}
