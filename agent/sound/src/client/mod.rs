//! One client: what it sends, what it is answered, and its streams.

mod create;
mod info;
mod own;
mod streams;

use crate::server::World;
use crate::stream::{Event, Stream};
use crate::wire::names::{Refusal, command};
use crate::wire::packets::{Broken, Packet, Packets};
use crate::wire::properties::Properties;
use crate::wire::reader::{Malformed, Reader};
use crate::wire::writer::Writer;
use crate::wire::{NONE, VERSIONS};
use std::collections::BTreeMap;

/// Streams of a client.
const STREAMS: usize = 32;

/// A client that has so much to read and asks for more is disconnected.
const MOST_UNREAD: usize = 512 * 1024;

/// Why a client is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum End {
    /// Its packets make no sense.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// A command makes no sense.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// It asks for more than can be kept for it.
    #[error("it does not read what it asks for")]
    Unread,
    /// It wanted to be.
    #[error("it asked for it")]
    Asked,
    /// There is no such client.
    #[error("it is not connected")]
    Unknown,
}

/// Why a command is not done.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Malformed(Malformed),
    Refused(Refusal),
    End(End),
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// One command that is being done.
struct Call<'a, 'w> {
    command: u32,
    tag: u32,
    arguments: Reader<'a>,
    world: &'w mut World,
}

/// One client.
#[derive(Debug)]
pub(crate) struct Client {
    index: u32,
    /// What is to be sent to it.
    pub(crate) out: Vec<u8>,
    pub(crate) streams: BTreeMap<u32, Stream>,
    packets: Packets,
    version: u32,
    /// It has said which version it speaks.
    pub(crate) known: bool,
    properties: Properties,
    /// Of what it wants to be told, a bit for each kind.
    subscription: u32,
    next_channel: u32,
    /// Where the sound goes that is coming in; none if nowhere.
    sound: Option<u32>,
}

impl Client {
    pub(crate) fn new(index: u32) -> Self {
        Self {
            index,
            out: Vec::new(),
            streams: BTreeMap::new(),
            packets: Packets::default(),
            version: *VERSIONS.start(),
            known: false,
            properties: Properties::default(),
            subscription: 0,
            next_channel: 0,
            sound: None,
        }
    }

    /// Whether a message has begun and is not complete.
    pub(crate) fn unfinished(&self) -> bool {
        self.packets.unfinished()
    }

    /// Takes what it has sent.
    pub(crate) fn receive(&mut self, bytes: &[u8], world: &mut World) -> Result<(), End> {
        let mut packets = std::mem::take(&mut self.packets);
        let received = packets.receive(bytes, |packet| self.packet(packet, world));
        self.packets = packets;
        received
    }

    fn packet(&mut self, packet: Packet<'_>, world: &mut World) -> Result<(), End> {
        match packet {
            Packet::Command(_) if self.out.len() > MOST_UNREAD => return Err(End::Unread),
            Packet::Command(body) => self.command(body, world)?,
            Packet::Begin { channel, seek, length } => {
                let room = world.room();
                let Self { streams, out, version, .. } = self;
                let mut tell = |event| tell(out, *version, channel, event);
                let taken = streams.get_mut(&channel).is_some_and(|stream| stream.begin(seek, length, room, &mut tell));
                world.hold(if taken { length } else { 0 });
                self.sound = taken.then_some(channel);
            }
            Packet::Sound(bytes) => {
                let Some(channel) = self.sound else { return Ok(()) };
                let Self { streams, out, version, .. } = self;
                if let Some(stream) = streams.get_mut(&channel) {
                    stream.push(bytes, &mut |event| tell(out, *version, channel, event));
                }
            }
        }
        Ok(())
    }

    fn command(&mut self, body: &[u8], world: &mut World) -> Result<(), End> {
        let mut arguments = Reader::new(body);
        let (command, tag) = (arguments.number()?, arguments.number()?);
        match self.dispatch(Call { command, tag, arguments, world }) {
            Ok(()) => Ok(()),
            Err(Fault::Refused(refusal)) => {
                Writer::refuse(&mut self.out, tag, refusal);
                Ok(())
            }
            Err(Fault::Malformed(malformed)) => Err(malformed.into()),
            Err(Fault::End(end)) => Err(end),
        }
    }

    fn dispatch(&mut self, call: Call<'_, '_>) -> Result<(), Fault> {
        match call.command {
            command::AUTH => self.auth(call),
            _ if !self.known => Err(Refusal::Access.into()),
            command::SET_CLIENT_NAME => self.set_name(call),
            command::CREATE_PLAYBACK_STREAM => self.create(call),
            command::GET_PLAYBACK_LATENCY
            | command::DELETE_PLAYBACK_STREAM
            | command::DRAIN_PLAYBACK_STREAM
            | command::CORK_PLAYBACK_STREAM
            | command::FLUSH_PLAYBACK_STREAM
            | command::TRIGGER_PLAYBACK_STREAM
            | command::PREBUF_PLAYBACK_STREAM
            | command::SET_PLAYBACK_STREAM_NAME
            | command::SET_PLAYBACK_STREAM_BUFFER_ATTR
            | command::UPDATE_PLAYBACK_STREAM_SAMPLE_RATE
            | command::UPDATE_PLAYBACK_STREAM_PROPLIST
            | command::REMOVE_PLAYBACK_STREAM_PROPLIST => self.of_stream(call),
            command::STAT
            | command::LOOKUP_SINK
            | command::LOOKUP_SOURCE
            | command::GET_SERVER_INFO..=command::GET_SAMPLE_INFO_LIST
            | command::GET_CARD_INFO
            | command::GET_CARD_INFO_LIST => self.info(call),
            command::SUBSCRIBE
            | command::SET_SINK_VOLUME
            | command::SET_SINK_MUTE
            | command::SET_SINK_INPUT_VOLUME
            | command::SET_SINK_INPUT_MUTE
            | command::SET_DEFAULT_SINK
            | command::SET_DEFAULT_SOURCE
            | command::MOVE_SINK_INPUT
            | command::KILL_CLIENT
            | command::KILL_SINK_INPUT
            | command::UPDATE_CLIENT_PROPLIST
            | command::REMOVE_CLIENT_PROPLIST => self.of_own(call),
            other => Err(refused(other).into()),
        }
    }

    fn auth(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let version = call.arguments.number()?;
        call.arguments.bytes()?;
        call.arguments.end()?;
        // The upper half has flags; memory that both sides see is one that this server says no to.
        let version = version & 0xffff;
        if version < *VERSIONS.start() {
            return Err(Refusal::Version.into());
        }
        self.version = version.min(*VERSIONS.end());
        self.known = true;
        Writer::reply(&mut self.out, call.tag).number(*VERSIONS.end());
        Ok(())
    }

    fn set_name(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        use crate::wire::properties::Update;
        if self.version < 13 {
            if let Some(name) = call.arguments.text()? {
                self.properties.set("application.name", name);
            }
        } else {
            self.properties.update(Update::Replace, &call.arguments.properties()?);
        }
        call.arguments.end()?;
        let (version, index) = (self.version, self.index);
        let mut reply = Writer::reply(&mut self.out, call.tag);
        if version >= 13 {
            reply.number(index);
        }
        drop(reply);
        self.event(Kind::Client, Change::Changed, index);
        Ok(())
    }

    /// Tells it what has changed, if it wants to know.
    pub(crate) fn event(&mut self, kind: Kind, change: Change, index: u32) {
        if self.subscription & (1 << kind as u32) != 0 {
            Writer::command(&mut self.out, command::SUBSCRIBE_EVENT).number(kind as u32 | change as u32).number(index);
        }
    }

    fn done(&mut self, tag: u32) {
        Writer::reply(&mut self.out, tag);
    }
}

/// How what is not there is refused.
fn refused(command: u32) -> Refusal {
    match command {
        command::EXIT
        | command::CREATE_UPLOAD_STREAM..=command::REMOVE_SAMPLE
        | command::KILL_SOURCE_OUTPUT
        | command::LOAD_MODULE
        | command::UNLOAD_MODULE
        | command::SUSPEND_SINK
        | command::SUSPEND_SOURCE
        | command::EXTENSION
        | command::SEND_OBJECT_MESSAGE => Refusal::Access,
        command::CREATE_RECORD_STREAM | command::SET_SOURCE_VOLUME | command::SET_SOURCE_MUTE => Refusal::NotSupported,
        command::DELETE_RECORD_STREAM
        | command::SET_RECORD_STREAM_NAME
        | command::GET_RECORD_LATENCY
        | command::CORK_RECORD_STREAM
        | command::FLUSH_RECORD_STREAM
        | command::MOVE_SOURCE_OUTPUT
        | command::SET_RECORD_STREAM_BUFFER_ATTR
        | command::UPDATE_RECORD_STREAM_SAMPLE_RATE
        | command::UPDATE_RECORD_STREAM_PROPLIST
        | command::REMOVE_RECORD_STREAM_PROPLIST
        | command::SET_CARD_PROFILE
        | command::SET_SINK_PORT
        | command::SET_SOURCE_PORT
        | command::SET_SOURCE_OUTPUT_VOLUME
        | command::SET_SOURCE_OUTPUT_MUTE
        | command::SET_PORT_LATENCY_OFFSET => Refusal::NoEntity,
        _ if command < command::END => Refusal::NotSupported,
        _ => Refusal::Command,
    }
}

/// Of what clients are told changes. The numbers are the protocol's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Sink = 0,
    SinkInput = 2,
    Client = 5,
}

/// What has happened to it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    New = 0,
    Changed = 0x10,
    Removed = 0x20,
}

/// Writes what is to be told of a stream.
pub(crate) fn tell(out: &mut Vec<u8>, version: u32, channel: u32, event: Event) {
    match event {
        Event::Started if version < 13 => {}
        Event::Started => {
            Writer::command(out, command::STARTED).number(channel);
        }
        Event::Underflow(at) => {
            let mut writer = Writer::command(out, command::UNDERFLOW);
            writer.number(channel);
            if version >= 23 {
                writer.signed(at);
            }
        }
        Event::Overflow => {
            Writer::command(out, command::OVERFLOW).number(channel);
        }
        Event::Drained(tag) => {
            Writer::reply(out, tag);
        }
        Event::Request(bytes) => {
            Writer::command(out, command::REQUEST).number(channel).number(bytes);
        }
    }
}

impl Client {
    /// One piece of each stream.
    pub(crate) fn play(&mut self, world: &mut World, budget: &mut u32) {
        let Self { out, streams, version, .. } = self;
        for (channel, stream) in streams.iter_mut() {
            let piece = stream.play(&mut world.scratch, budget, &mut |event| tell(out, *version, *channel, event));
            if let Some(piece) = piece {
                world.mix.add(piece);
            }
        }
    }

    /// Whether an index of a channel is one of its own streams.
    fn channel_of(&self, index: u32) -> Result<u32, Refusal> {
        let found = self.streams.iter().find(|(_, stream)| stream.index == index);
        found.map(|(channel, _)| *channel).ok_or(Refusal::NoEntity)
    }

    /// A channel that is free.
    fn free_channel(&mut self) -> u32 {
        while self.next_channel == NONE || self.streams.contains_key(&self.next_channel) {
            self.next_channel = self.next_channel.wrapping_add(1);
        }
        let channel = self.next_channel;
        self.next_channel = channel.wrapping_add(1);
        channel
    }
}
