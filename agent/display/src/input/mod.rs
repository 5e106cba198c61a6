//! What the streamer asks for: input of the players, modes, pictures.

mod keyboard;
mod pointer;

pub(crate) use keyboard::Keymaps;

use crate::run::unsent;
use crate::server::Server;
use anyhow::Context;
use dillinger_ring::message::FromDisplay;
use dillinger_ring::message::ToDisplay;
use dillinger_ring::text;
use std::os::fd::OwnedFd;

impl Server {
    /// Does what a message says.
    pub(crate) fn obey(&mut self, message: ToDisplay, descriptor: Option<OwnedFd>) {
        match message {
            ToDisplay::Release { generation, slot } => self.pictures.release(generation, slot),
            ToDisplay::Key { code, pressed, keymap } => self.key(code, pressed, keymap),
            ToDisplay::Absolute { x, y } => self.move_to(x, y),
            ToDisplay::Relative { dx, dy } => self.move_by(dx, dy),
            ToDisplay::Button { code, pressed } => self.button(code, pressed),
            ToDisplay::Axis { horizontal, value } => self.turn_wheel(horizontal, value),
            ToDisplay::Keymap { number, bytes } => {
                if let Some(text) = self.text(descriptor, bytes) {
                    self.keymaps.add(number, text);
                }
            }
            ToDisplay::ForgetKeymap { number } => self.keymaps.remove(number),
            ToDisplay::Mode { serial, planes, refresh_rate } => {
                self.set_mode(planes, refresh_rate);
                let set = self.fit_pictures();
                let told = set.and_then(|()| self.socket.send(FromDisplay::ModeSet { serial }).map_err(unsent));
                if let Err(error) = told {
                    self.fail(error);
                }
            }
            ToDisplay::Run { wanted, frame_rate } => {
                self.pace.set_frame_rate(frame_rate);
                if self.pictures.want(wanted) {
                    self.changed();
                }
            }
            ToDisplay::Refresh => {
                self.pictures.refresh();
                self.changed();
            }
            ToDisplay::Clipboard { bytes } => {
                if let Some(text) = self.text(descriptor, bytes) {
                    self.set_clipboard(text);
                }
            }
        }
    }

    fn text(&mut self, memory: Option<OwnedFd>, bytes: u32) -> Option<String> {
        let text = memory.context("no memory").and_then(|memory| Ok(text::read(memory, bytes)?));
        text.map_err(|error| self.fail(error.context("the streamer"))).ok()
    }
}
