//! What the task does when a viewer's connection reports something.

use super::message::{CLIPBOARD_BYTES, FromPage, ToPage};
use super::parse;
use super::task::Task;
use super::viewer::News;
use super::{Reason, Role, ViewerEvent};
use crate::media::{InputCommand, InputEvent, ViewerId};

/// Most input events of a viewer in a second; a mouse makes 1000.
const MOST_EVENTS: u32 = 4000;
/// Most JSON messages of a viewer in a second.
const MOST_MESSAGES: u32 = 50;

impl Task {
    /// Deals with one report.
    pub(super) fn news(&mut self, id: &ViewerId, news: News) {
        match news {
            News::Connected => {
                tracing::info!(viewer = %id, "viewer is connected");
                self.asks.keyframe();
                self.tell(ViewerEvent::Connected(id.clone()));
            }
            News::Keyframe => self.asks.keyframe(),
            News::ControlOpen => self.hello(id),
            News::Input(message) => self.input(id, &message),
            News::Control(message) => self.control(id, &message),
            News::Gone(reason) => self.gone(id, &reason),
        }
    }

    fn gone(&mut self, id: &ViewerId, reason: &Reason) {
        let connected = self.viewers.iter().any(|viewer| viewer.id() == id && viewer.is_connected());
        let reason = if connected || *reason != Reason::Timeout { reason } else { &Reason::NeverConnected };
        self.remove(id, reason);
    }

    /// Tells a page what it sees.
    pub(super) fn hello(&mut self, id: &ViewerId) {
        let status = self.parts.video.status.borrow().clone();
        let gamepads = self.parts.input.gamepads.borrow().len();
        let clipboard = self.settings.clipboard;
        self.with(id, |viewer| {
            let role = viewer.request.role;
            viewer.tell(&ToPage::Hello {
                role: &role.to_string(),
                width: status.width,
                height: status.height,
                encoder: &status.encoder,
                codec: status.codec.as_str(),
                clipboard: clipboard && role == Role::Player,
                gamepads,
            });
            Ok(())
        });
    }

    fn input(&mut self, id: &ViewerId, message: &[u8]) {
        let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.id() == id) else { return };
        if !viewer.is_player() {
            return;
        }
        let mut events = parse::events(message);
        for event in events.by_ref() {
            viewer.came.0 = viewer.came.0.saturating_add(1);
            match viewer.came.0 {
                0..=MOST_EVENTS => self.backlog.push(id, event),
                // What is lost now may be the release of a key.
                count if count == MOST_EVENTS + 1 => self.backlog.push(id, InputEvent::ReleaseAll),
                _ => break,
            }
        }
        if events.ignored() > 0 {
            tracing::debug!(viewer = %id, bytes = events.ignored(), "input that cannot be read");
        }
    }

    fn control(&mut self, id: &ViewerId, message: &[u8]) {
        let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.id() == id) else { return };
        viewer.came.1 = viewer.came.1.saturating_add(1);
        if viewer.came.1 > MOST_MESSAGES {
            return;
        }
        match serde_json::from_slice(message) {
            Ok(FromPage::Quality { max_bitrate, max_frame_rate }) => {
                (viewer.max_bitrate, viewer.max_frame_rate) = (max_bitrate, max_frame_rate);
            }
            Ok(FromPage::Clipboard { text })
                if viewer.is_player() && self.settings.clipboard && text.len() <= CLIPBOARD_BYTES =>
            {
                // A clipboard that finds no room is overtaken by the next one.
                let _ = self.parts.input.commands.try_send(InputCommand::Clipboard(text));
            }
            Ok(FromPage::Clipboard { .. } | FromPage::Other) => {}
            Err(error) => tracing::debug!(viewer = %id, %error, "message that cannot be read"),
        }
    }
}
