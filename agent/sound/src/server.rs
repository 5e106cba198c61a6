//! All clients, and what they play together.

use crate::client::{Change, Client, Kind};
use crate::clock::Clock;
use crate::sound::convert::Scratch;
use crate::sound::format::Spec;
use crate::sound::mix::Mix;
use crate::sound::volume::Volumes;
use crate::sound::{BYTES, output};
use crate::stream::Stream;
use crate::wire::NONE;
use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::client::End;

/// Clients at once. A game has one or two.
pub const CLIENTS: usize = 64;
/// Streams of all clients.
const STREAMS: usize = 256;
/// Samples a second of all streams: a hundred of 7.1 at 48 kHz. It is a small part of what one processor can convert.
const LOAD: u64 = 40_000_000;
/// Bytes of sound that are held for all streams.
const HELD: usize = 32 * 1024 * 1024;

/// New resamplers in a piece.
const RESAMPLERS: u32 = 4;
/// Pieces of silence after the last sound: what is behind hears that it has ended, and who goes on soon does so in rhythm.
const LINGER: u32 = 20;

/// The sink's state that clients may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sink {
    pub(crate) volumes: Volumes,
    pub(crate) muted: bool,
}

/// What all clients have in common.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) sink: Sink,
    pub(crate) sink_changed: bool,
    pub(crate) clock: Clock,
    pub(crate) now: Duration,
    pub(crate) mix: Mix,
    pub(crate) scratch: Scratch,
    next_index: u32,
    streams: usize,
    load: u64,
    held: usize,
    /// Pieces that were made.
    pub(crate) pieces: u32,
    /// Pieces that were written since something played.
    quiet: u32,
}

impl World {
    fn new() -> Self {
        let volumes = Volumes::normal(output().1.channels());
        Self {
            sink: Sink { volumes, muted: false },
            sink_changed: false,
            clock: Clock::default(),
            now: Duration::ZERO,
            mix: Mix::default(),
            scratch: Scratch::default(),
            next_index: 0,
            streams: 0,
            load: 0,
            held: 0,
            pieces: 0,
            quiet: LINGER,
        }
    }

    /// An index that no client and no stream has. Four thousand million later it begins again.
    pub(crate) fn new_index(&mut self) -> u32 {
        let index = self.next_index;
        self.next_index = if index + 1 == NONE { 0 } else { index + 1 };
        index
    }

    /// Whether one more stream like this can be.
    pub(crate) fn takes(&self, spec: Spec) -> bool {
        self.streams < STREAMS && self.load + spec.load() <= LOAD
    }

    pub(crate) fn add(&mut self, spec: Spec) {
        self.streams += 1;
        self.load += spec.load();
    }

    pub(crate) fn remove(&mut self, spec: Spec) {
        self.streams = self.streams.saturating_sub(1);
        self.load = self.load.saturating_sub(spec.load());
    }

    /// Bytes of sound that can still be held.
    pub(crate) fn room(&self) -> usize {
        HELD.saturating_sub(self.held)
    }

    /// So many more are held, until they are counted again.
    pub(crate) fn hold(&mut self, bytes: u32) {
        self.held = self.held.saturating_add(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
}

/// The server, without its sockets and its time.
#[derive(Debug)]
pub struct Server {
    clients: BTreeMap<u32, Client>,
    world: World,
}

impl Default for Server {
    fn default() -> Self {
        Self { clients: BTreeMap::new(), world: World::new() }
    }
}

impl Server {
    /// A new client's index; none if there are too many.
    pub fn connect(&mut self) -> Option<u32> {
        if self.clients.len() >= CLIENTS {
            return None;
        }
        let index = self.world.new_index();
        self.clients.insert(index, Client::new(index));
        Some(index)
    }

    /// Forgets a client and its streams.
    pub fn disconnect(&mut self, client: u32) {
        if let Some(client) = self.clients.remove(&client) {
            client.streams.values().for_each(|stream| self.world.remove(*stream.spec()));
        }
    }

    /// Takes what a client has sent.
    ///
    /// # Errors
    /// It is to be disconnected.
    pub fn receive(&mut self, client: u32, bytes: &[u8], now: Duration) -> Result<(), End> {
        self.world.now = now;
        let received = self.clients.get_mut(&client).ok_or(End::Unknown)?.receive(bytes, &mut self.world);
        if std::mem::take(&mut self.world.sink_changed) {
            self.clients.values_mut().for_each(|client| client.event(Kind::Sink, Change::Changed, 0));
        }
        received
    }

    /// What is to be sent to a client. What is sent must be taken away.
    pub fn out(&mut self, client: u32) -> Option<&mut Vec<u8>> {
        self.clients.get_mut(&client).map(|client| &mut client.out)
    }

    /// Whether a client owes something: to say who it is, or the rest of a message.
    pub fn owes(&self, client: u32) -> bool {
        self.clients.get(&client).is_some_and(|client| !client.known || client.unfinished())
    }

    /// When the next piece is due; none if nothing plays.
    pub fn next(&self) -> Option<Duration> {
        self.world.clock.next()
    }

    /// Lets time go on if something plays. To be called when all that has come was taken.
    pub fn settle(&mut self, now: Duration) {
        self.world.held = self.streams().map(Stream::held).sum();
        if self.streams().any(Stream::active) {
            self.world.quiet = 0;
            self.world.clock.run(now);
        } else if self.world.quiet >= LINGER {
            self.world.clock.stop();
        }
    }

    fn streams(&self) -> impl Iterator<Item = &Stream> {
        self.clients.values().flat_map(|client| client.streams.values())
    }

    /// Makes the pieces that are due, and gives each that can still be heard to `write`.
    pub fn play(&mut self, now: Duration, mut write: impl FnMut(&[u8; BYTES])) {
        self.world.now = now;
        while let Some(heard) = self.world.clock.due(now) {
            let mut budget = RESAMPLERS;
            for client in self.clients.values_mut() {
                client.play(&mut self.world, &mut budget);
            }
            let sink = &self.world.sink;
            let quiet = if sink.muted { 0.0 } else { 1.0 };
            let factors: Vec<f32> = sink.volumes.factors().map(|factor| factor * quiet).collect();
            let piece = self.world.mix.take(&factors);
            self.world.pieces = self.world.pieces.wrapping_add(1);
            if heard {
                write(&piece);
                self.world.quiet = self.world.quiet.saturating_add(1);
            }
            if self.streams().any(Stream::active) {
                self.world.quiet = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pulseaudio::protocol::{
        AuthParams, ChannelMap, Command, Descriptor, DescriptorFlags, PlaybackStreamParams, SampleFormat, SampleSpec,
        write_command_message, write_descriptor,
    };

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn sent(command: &Command) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_command_message(&mut bytes, 1, command, 35).unwrap();
        bytes
    }

    /// A server with one client that plays a stream of a second, beginning at 0.
    fn playing() -> Server {
        let mut server = Server::default();
        let client = server.connect().unwrap();
        let auth = AuthParams { version: 35, supports_shm: false, supports_memfd: false, cookie: Vec::new() };
        server.receive(client, &sent(&Command::Auth(auth)), ms(0)).unwrap();
        let sample_spec = SampleSpec { format: SampleFormat::S16Le, channels: 2, sample_rate: 48_000 };
        let channel_map = ChannelMap::stereo();
        let mut params = PlaybackStreamParams { sample_spec, channel_map, ..PlaybackStreamParams::default() };
        params.buffer_attr.pre_buffering = 1920;
        server.receive(client, &sent(&Command::CreatePlaybackStream(params)), ms(0)).unwrap();
        let mut sound = Vec::new();
        let head = Descriptor { length: 192_000, channel: 0, offset: 0, flags: DescriptorFlags::empty() };
        write_descriptor(&mut sound, &head).unwrap();
        sound.resize(20 + 192_000, 1);
        server.receive(client, &sound, ms(0)).unwrap();
        server.settle(ms(0));
        server
    }

    /// Pieces that are written at this time, and the bytes of the stream that have been played then.
    fn played(server: &mut Server, now: u64) -> (usize, i64) {
        let mut pieces = 0;
        server.play(ms(now), |_| pieces += 1);
        server.settle(ms(now));
        let read = server.streams().map(|stream| stream.timing().indices.1).sum();
        (pieces, read)
    }

    #[test]
    fn a_stream_keeps_the_time_of_the_clock_and_what_came_too_late_is_not_written() {
        let mut server = playing();
        assert_eq!(played(&mut server, 0), (1, 1920));
        assert_eq!(played(&mut server, 45), (4, 5 * 1920));
        assert_eq!(played(&mut server, 305), (5, 31 * 1920), "those from 260 on");
        assert_eq!(played(&mut server, 310), (1, 32 * 1920));
    }

    #[test]
    fn a_session_that_was_frozen_goes_on_where_it_was() {
        let mut server = playing();
        played(&mut server, 0);
        assert_eq!(played(&mut server, 86_400_000), (1, 2 * 1920));
        assert_eq!(server.next(), Some(ms(86_400_010)));
    }

    #[test]
    fn some_silence_follows_the_last_sound_and_then_nothing() {
        let mut server = playing();
        let written: usize = (0..200).map(|n| played(&mut server, n * 10).0).sum();
        assert_eq!(written, 100 + 20);
        assert_eq!(server.next(), None);
    }

    #[test]
    fn who_goes_leaves_nothing_behind() {
        let mut server = playing();
        server.disconnect(0);
        assert_eq!((server.world.streams, server.world.load), (0, 0));
        assert!(server.receive(0, b"more", ms(1)).is_err());
    }
}
