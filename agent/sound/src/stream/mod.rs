//! A playback stream of a client.

pub mod attributes;
pub mod queue;

use crate::sound::channels::Map;
use crate::sound::convert::{Converter, Scratch};
use crate::sound::format::Spec;
use crate::sound::volume::Volumes;
use crate::sound::{FRAMES, LENGTH};
use crate::wire::packets::Seek;
use crate::wire::properties::Properties;
use attributes::{Attributes, Wishes};
use queue::Queue;
use std::time::Duration;

/// What a client is to be told of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It has sound again.
    Started,
    /// It has none any more; of its bytes, so many have been played.
    Underflow(i64),
    /// More came than there is room for.
    Overflow,
    /// All has been played, which was asked for with this tag.
    Drained(u32),
    /// So many bytes are wanted.
    Request(u32),
}

/// With what a stream begins.
#[derive(Debug)]
pub struct Settings {
    /// What its bytes are.
    pub spec: Spec,
    /// Where its channels belong.
    pub map: Map,
    /// How it wants to be buffered.
    pub wishes: Wishes,
    /// Of its channels.
    pub volumes: Volumes,
    /// Silent.
    pub muted: bool,
    /// Stopped.
    pub corked: bool,
    /// What its client says of it.
    pub properties: Properties,
}

/// Where a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Sound is heard.
    pub playing: bool,
    /// Where the next bytes are written, and which are read next.
    pub indices: (i64, i64),
    /// Bytes that would have been played since there are none.
    pub underrun_for: u64,
    /// Bytes that have been played since there are some.
    pub playing_for: u64,
    /// How long ago to be heard is what was read last, beyond the piece that is being played.
    pub delay: Duration,
}

/// One stream.
#[derive(Debug)]
pub struct Stream {
    /// Of all streams of the server.
    pub index: u32,
    /// What its client says of it.
    pub properties: Properties,
    spec: Spec,
    map: Map,
    attributes: Attributes,
    volumes: Volumes,
    muted: bool,
    corked: bool,
    queue: Queue,
    converter: Converter,
    /// There is no sound, and its client knows.
    dry: bool,
    /// Pieces since there was some.
    dry_for: u32,
    underrun_for: u64,
    playing_for: u64,
    /// What is to be answered when all has been played.
    drain: Option<u32>,
}

impl Stream {
    /// A new one, and how many bytes it wants first.
    pub fn new(index: u32, settings: Settings) -> (Self, u32) {
        let Settings { spec, map, wishes, volumes, muted, corked, properties } = settings;
        let attributes = Attributes::new(&wishes, &spec);
        let mut queue = Queue::new(&spec, &attributes);
        let mut converter = Converter::new(spec, &map);
        converter.set_volumes(&volumes, muted);
        let wanted = queue.missing().unwrap_or_default();
        let underrun_for = u64::MAX;
        let dry_for = u32::MAX;
        let (dry, playing_for, drain) = (true, 0, None);
        let stream = Self {
            index,
            properties,
            spec,
            map,
            attributes,
            volumes,
            muted,
            corked,
            queue,
            converter,
            dry,
            dry_for,
            underrun_for,
            playing_for,
            drain,
        };
        (stream, wanted)
    }

    /// What its bytes are.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Where its channels belong.
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// How it is buffered.
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Of its channels.
    pub fn volumes(&self) -> &Volumes {
        &self.volumes
    }

    /// Whether it is silent.
    pub fn muted(&self) -> bool {
        self.muted
    }

    /// Whether it is stopped.
    pub fn corked(&self) -> bool {
        self.corked
    }

    /// Bytes that are held of it.
    pub fn held(&self) -> usize {
        self.queue.held()
    }

    /// How long what waits to be read plays.
    pub fn waiting(&self) -> Duration {
        self.spec.duration(self.queue.length())
    }

    /// Whether time goes on for it: it has sound, or is still to be heard, or wants time to go on without any.
    pub fn active(&self) -> bool {
        let goes_on = self.dry_for == 0 || self.attributes.prebuf == 0;
        !self.corked && (goes_on || self.drain.is_some() || self.queue.readable())
    }

    /// Where it is.
    pub fn timing(&self) -> Timing {
        Timing {
            playing: self.playing_for > 0 && !self.corked,
            indices: self.queue.indices(),
            underrun_for: self.underrun_for,
            playing_for: self.playing_for,
            delay: self.converter.delay(),
        }
    }

    /// Sound begins that belongs here. Whether its bytes are taken.
    pub fn begin(&mut self, seek: Seek, length: u32, room: usize, tell: &mut dyn FnMut(Event)) -> bool {
        if !length.is_multiple_of(self.spec.frame()) {
            return false;
        }
        self.queue.seek(seek);
        let taken = self.queue.reserve(length, room);
        if !taken {
            tell(Event::Overflow);
            self.queue.seek(Seek::Relative(length.into()));
        }
        if length == 0 || !taken {
            self.request(tell);
        }
        taken
    }

    /// Bytes of what has begun.
    pub fn push(&mut self, bytes: &[u8], tell: &mut dyn FnMut(Event)) {
        self.queue.push(bytes);
        self.request(tell);
    }

    fn request(&mut self, tell: &mut dyn FnMut(Event)) {
        if let Some(bytes) = self.queue.missing() {
            tell(Event::Request(bytes));
        }
    }

    /// Stops it or lets it go on.
    pub fn cork(&mut self, corked: bool, tell: &mut dyn FnMut(Event)) {
        if corked != self.corked {
            self.corked = corked;
            if self.drain.is_none() {
                self.queue.force_prebuf();
            }
            self.underrun_for = u64::MAX;
            self.playing_for = 0;
            self.request(tell);
        }
        if corked {
            self.dry = true;
            self.dry_for = u32::MAX;
        }
    }

    /// Throws away what has not been played.
    pub fn flush(&mut self, tell: &mut dyn FnMut(Event)) {
        self.queue.flush();
        self.converter.clear();
        self.request(tell);
    }

    /// Plays even if there is less than it wanted.
    pub fn trigger(&mut self, tell: &mut dyn FnMut(Event)) {
        self.queue.end_prebuf();
        self.request(tell);
    }

    /// Waits for as much as it wanted.
    pub fn prebuf(&mut self, tell: &mut dyn FnMut(Event)) {
        self.queue.force_prebuf();
        self.request(tell);
    }

    /// Tells when all has been played. Of several such wishes the last is kept, and the others are told with it.
    pub fn drain(&mut self, tag: u32, tell: &mut dyn FnMut(Event)) {
        self.trigger(tell);
        let heard = self.dry_for > 0 && !self.queue.readable();
        if let Some(before) = self.drain.take() {
            tell(Event::Drained(before));
        }
        if heard {
            tell(Event::Drained(tag));
        } else {
            self.drain = Some(tag);
        }
    }

    /// Buffers it in another way.
    pub fn set_attributes(&mut self, wishes: &Wishes, tell: &mut dyn FnMut(Event)) {
        self.attributes = Attributes::new(wishes, &self.spec);
        self.queue.set_attributes(&self.attributes);
        self.request(tell);
    }

    /// Plays it at another rate.
    pub fn set_rate(&mut self, rate: u32) {
        self.spec.rate = rate;
        self.converter.set_rate(rate);
    }

    /// Whether the volumes are others than before.
    pub fn set_volumes(&mut self, volumes: Volumes) -> bool {
        let changed = self.volumes != volumes;
        self.volumes = volumes;
        self.converter.set_volumes(&self.volumes, self.muted);
        changed
    }

    /// Whether that is another state than before.
    pub fn set_muted(&mut self, muted: bool) -> bool {
        let changed = self.muted != muted;
        self.muted = muted;
        self.converter.set_volumes(&self.volumes, self.muted);
        changed
    }

    /// One piece, if it plays. What is costly is done only while there is some of `budget`.
    pub fn play<'a>(
        &mut self,
        scratch: &'a mut Scratch,
        budget: &mut u32,
        tell: &mut dyn FnMut(Event),
    ) -> Option<&'a [f32]> {
        if self.corked || !self.converter.ready(budget) {
            return None;
        }
        let needed = self.converter.needed();
        scratch.bytes.clear();
        let played = self.queue.pop(needed, &mut scratch.bytes);
        if played > 0 {
            self.started(tell);
            self.playing_for = self.playing_for.saturating_add(u64::try_from(played).unwrap_or_default());
            self.dry_for = 0;
        }
        if played < needed {
            self.ran_dry(needed - played, played > 0, tell);
        }
        self.request(tell);
        self.converter.piece(scratch)
    }

    fn started(&mut self, tell: &mut dyn FnMut(Event)) {
        if self.underrun_for > 0 {
            self.underrun_for = 0;
            self.playing_for = 0;
            tell(Event::Started);
        }
        self.dry = false;
    }

    /// Some of a piece is missing. What has been read of it, or just before, is still being played.
    fn ran_dry(&mut self, missing: usize, heard: bool, tell: &mut dyn FnMut(Event)) {
        let before = if self.underrun_for == u64::MAX { 0 } else { self.underrun_for };
        self.underrun_for = before.saturating_add(u64::try_from(missing).unwrap_or_default());
        if !heard {
            self.dry_for = self.dry_for.saturating_add(1);
            self.playing_for = 0;
            if let Some(tag) = self.drain.take() {
                self.dry = true;
                tell(Event::Drained(tag));
            }
        }
        if !self.dry && self.drain.is_none() {
            self.dry = true;
            tell(Event::Underflow(self.queue.indices().1));
        }
    }
}

/// How long what is written is ahead of what is heard, as streams are told it.
pub const LATENCY: Duration = LENGTH;
/// A piece has as many samples as its length says.
const _: () = assert!(FRAMES as u128 * 100 == super::sound::RATE as u128);

#[cfg(test)]
mod tests;
