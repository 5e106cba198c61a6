//! What the other parts learn of the viewers after everything that happens.

use super::Task;
use crate::rtc::limits::{self, Bounds};
use crate::rtc::viewer::Viewer;
use std::time::Instant;

impl Task {
    /// Passes on what the other parts should know by now.
    pub(super) fn settle(&mut self, now: Instant) {
        while !self.backlog.is_empty() {
            let Ok(room) = self.parts.input.commands.try_reserve() else { break };
            if let Some(command) = self.backlog.pop() {
                room.send(command);
            }
        }
        let watched = self.connected() > 0;
        self.parts.audio.wanted.send_if_modified(|wanted| std::mem::replace(wanted, watched) != watched);
        self.asks.watched(watched);
        if watched {
            self.follow_codec(now);
            self.follow_limits(now);
        } else {
            self.needs.nobody();
        }
        self.asks.flush(now);
    }

    /// Has encoded no more than the connections take.
    fn follow_limits(&mut self, now: Instant) {
        let status = self.parts.video.status.borrow();
        let bounds = Bounds {
            max_bitrate: status.max_bitrate,
            pixels: u64::from(status.width) * u64::from(status.height),
            refresh_rate: status.refresh_rate,
        };
        drop(status);
        let shares: Vec<_> = self.viewers.iter().filter(|v| v.is_connected()).map(Viewer::share).collect();
        if let Some(limits) = self.steady.follow(limits::limits(&shares, bounds), now) {
            self.asks.limits(limits);
        }
    }

    /// Has encoded what all viewers decode.
    fn follow_codec(&mut self, now: Instant) {
        let status = self.parts.video.status.borrow();
        let connected: Vec<_> = self.viewers.iter().filter(|v| v.is_connected()).map(Viewer::pictures).collect();
        if let Some(codec) = self.needs.follow(&status.codecs, &connected, now) {
            self.asks.codec(codec);
        }
    }
}
