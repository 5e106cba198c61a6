//! What a client may know: the one sink, and what is its own.

use super::{Call, Client, Fault};
use crate::server::World;
use crate::sound::volume::{NORMAL, Volumes};
use crate::sound::{BYTES, OUTPUT, output};
use crate::stream::{LATENCY, Stream};
use crate::wire::NONE;
use crate::wire::names::{Refusal, command};
use crate::wire::properties::Property;
use crate::wire::writer::Writer;
use std::time::Duration;

/// The one sink.
pub(super) const SINK: &[u8] = b"game-sink";
/// Clients look for what is recorded by default, and some fall over if there is nothing. It cannot be recorded from.
const SOURCE: &[u8] = b"game-sink.monitor";
const DESCRIPTION: &[u8] = b"Game";
const SOURCE_DESCRIPTION: &[u8] = b"Monitor of Game";
/// Before the version's own: programs look for this word.
const SERVER: &[u8] = b"PulseAudio (Dillinger)";
/// Of the `PulseAudio` whose protocol this is.
const RELEASE: &[u8] = b"15.0.0";
const DRIVER: &[u8] = b"dillinger-sound";
/// Latency and decibels are known, pulse/def.h.
const SINK_FLAGS: u32 = 0x22;
/// One for each volume.
const STEPS: u32 = NORMAL + 1;
/// pulse/def.h: sound is played, or is not.
const STATES: (u32, u32) = (0, 1);

/// Whether the sink is meant.
pub(super) fn is_sink(index: Option<u32>, name: Option<&[u8]>) -> Result<(), Refusal> {
    named(index, name, &[SINK, b"@DEFAULT_SINK@", b"0"])
}

fn is_source(index: Option<u32>, name: Option<&[u8]>) -> Result<(), Refusal> {
    named(index, name, &[SOURCE, b"@DEFAULT_SOURCE@", b"@DEFAULT_MONITOR@", b"0"])
}

fn named(index: Option<u32>, name: Option<&[u8]>, names: &[&[u8]]) -> Result<(), Refusal> {
    match (index, name) {
        (Some(_), Some(_)) => Err(Refusal::Invalid),
        (None | Some(0), None) => Ok(()),
        (None, Some(name)) if names.contains(&name) => Ok(()),
        _ => Err(Refusal::NoEntity),
    }
}

impl Client {
    /// Answers what is asked.
    pub(super) fn info(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        match call.command {
            command::LOOKUP_SINK | command::LOOKUP_SOURCE => self.lookup(call),
            command::GET_SINK_INFO | command::GET_SOURCE_INFO | command::GET_CARD_INFO | command::GET_SAMPLE_INFO => {
                let (index, name) = (call.arguments.index()?, call.arguments.text()?);
                call.arguments.end()?;
                match call.command {
                    command::GET_SINK_INFO => is_sink(index, name)?,
                    command::GET_SOURCE_INFO => is_source(index, name)?,
                    _ => return Err(Refusal::NoEntity.into()),
                }
                self.tell_of_device(&call);
                Ok(())
            }
            command::GET_CLIENT_INFO
            | command::GET_SINK_INPUT_INFO
            | command::GET_MODULE_INFO
            | command::GET_SOURCE_OUTPUT_INFO => self.one(call),
            _ => self.list(&call),
        }
    }

    fn lookup(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let name = call.arguments.text()?;
        call.arguments.end()?;
        name.ok_or(Refusal::Invalid)?;
        match call.command {
            command::LOOKUP_SINK => is_sink(None, name)?,
            _ => is_source(None, name)?,
        }
        Writer::reply(&mut self.out, call.tag).number(0);
        Ok(())
    }

    fn tell_of_device(&mut self, call: &Call<'_, '_>) {
        let version = self.version;
        let mut reply = Writer::reply(&mut self.out, call.tag);
        match call.command {
            command::GET_SINK_INFO | command::GET_SINK_INFO_LIST => sink(&mut reply, version, call.world),
            _ => source(&mut reply, version, call.world),
        }
    }

    fn one(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let index = call.arguments.number()?;
        call.arguments.end()?;
        match call.command {
            command::GET_CLIENT_INFO if index == self.index => {
                self.tell_of_itself(call.tag);
                Ok(())
            }
            command::GET_SINK_INPUT_INFO => {
                let channel = self.channel_of(index)?;
                let (version, client) = (self.version, self.index);
                let stream = self.streams.get(&channel).ok_or(Refusal::NoEntity)?;
                sink_input(&mut Writer::reply(&mut self.out, call.tag), version, client, stream);
                Ok(())
            }
            _ => Err(Refusal::NoEntity.into()),
        }
    }

    fn tell_of_itself(&mut self, tag: u32) {
        let Self { out, version, index, properties, .. } = self;
        let mut reply = Writer::reply(out, tag);
        reply.number(*index).text(properties.text("application.name").unwrap_or(b"(null)")).number(NONE).text(DRIVER);
        if *version >= 13 {
            reply.properties(properties.iter());
        }
    }

    fn list(&mut self, call: &Call<'_, '_>) -> Result<(), Fault> {
        call.arguments.end()?;
        match call.command {
            command::GET_SERVER_INFO => server(&mut Writer::reply(&mut self.out, call.tag), self.version),
            command::STAT => {
                // As blocks of memory: pieces, of which those count too that came too late to be written.
                let pieces = call.world.pieces;
                let bytes = pieces.wrapping_mul(u32::try_from(BYTES).unwrap_or_default());
                Writer::reply(&mut self.out, call.tag).number(0).number(0).number(pieces).number(bytes).number(0);
            }
            command::GET_SINK_INFO_LIST | command::GET_SOURCE_INFO_LIST => self.tell_of_device(call),
            command::GET_CLIENT_INFO_LIST => self.tell_of_itself(call.tag),
            command::GET_SINK_INPUT_INFO_LIST => {
                let Self { out, version, index, streams, .. } = self;
                let mut reply = Writer::reply(out, call.tag);
                for stream in streams.values() {
                    sink_input(&mut reply, *version, *index, stream);
                }
            }
            // There are no cards, modules, samples and source outputs.
            _ => self.done(call.tag),
        }
        Ok(())
    }
}

fn server(reply: &mut Writer<'_>, version: u32) {
    let (spec, map) = output();
    reply.text(SERVER).text(RELEASE).text(b"game").text(b"display").spec(&spec).text(SINK).text(SOURCE).number(0);
    if version >= 15 {
        reply.map(&map);
    }
}

fn sink(reply: &mut Writer<'_>, version: u32, world: &World) {
    let volumes = &world.sink.volumes;
    device(reply, (SINK, DESCRIPTION), (volumes, world.sink.muted), SOURCE, world.clock.left(world.now));
    reply.number(SINK_FLAGS);
    rest_of_device(
        reply,
        version,
        version >= 21,
        &[("device.description", DESCRIPTION), ("device.class", b"sound")],
        world,
    );
}

fn source(reply: &mut Writer<'_>, version: u32, world: &World) {
    let volumes = Volumes::normal(output().1.channels());
    device(reply, (SOURCE, SOURCE_DESCRIPTION), (&volumes, false), SINK, Duration::ZERO);
    reply.number(SINK_FLAGS);
    let properties = [("device.description", SOURCE_DESCRIPTION), ("device.class", &b"monitor"[..])];
    rest_of_device(reply, version, version >= 22, &properties, world);
}

/// What sinks and sources have in common: each is the other's, and both are the first.
fn device(
    reply: &mut Writer<'_>,
    (name, description): (&[u8], &[u8]),
    (volumes, muted): (&Volumes, bool),
    other: &[u8],
    latency: Duration,
) {
    let (spec, map) = output();
    reply.number(0).text(name).text(description).spec(&spec).map(&map).number(NONE).volumes(volumes).boolean(muted);
    reply.number(0).text(other).duration(latency).text(DRIVER);
}

fn rest_of_device(reply: &mut Writer<'_>, version: u32, formats: bool, properties: &[(&str, &[u8])], world: &World) {
    if version >= 13 {
        let texts: Vec<_> = properties.iter().map(|(key, text)| (*key, [text, &b"\0"[..]].concat())).collect();
        reply.properties(texts.iter().map(|(key, value)| Property { key: key.as_bytes(), value }));
        reply.duration(LATENCY);
    }
    if version >= 15 {
        let state = if world.clock.next().is_some() { STATES.0 } else { STATES.1 };
        reply.volume(NORMAL).number(state).number(STEPS).number(NONE);
    }
    if version >= 16 {
        reply.number(0).no_text();
    }
    if formats {
        let (spec, map) = output();
        reply.byte(1).format(&spec, &map);
    }
}

fn sink_input(reply: &mut Writer<'_>, version: u32, client: u32, stream: &Stream) {
    let resampled = if stream.spec().rate == output().0.rate { &b"copy"[..] } else { b"sinc" };
    reply
        .number(stream.index)
        .text(stream.properties.text("media.name").unwrap_or(b"(null)"))
        .number(NONE)
        .number(client);
    reply.number(0).spec(stream.spec()).map(stream.map()).volumes(stream.volumes());
    reply.duration(stream.waiting()).duration(LATENCY).text(resampled).text(DRIVER);
    if version >= 11 {
        reply.boolean(stream.muted());
    }
    if version >= 13 {
        reply.properties(stream.properties.iter());
    }
    if version >= 19 {
        reply.boolean(stream.corked());
    }
    if version >= 20 {
        reply.boolean(true).boolean(true);
    }
    if version >= 21 {
        reply.format(stream.spec(), stream.map());
    }
}

/// The sink's volumes are one for each channel.
pub(super) fn sink_channels() -> u8 {
    u8::try_from(OUTPUT.len()).unwrap_or(u8::MAX)
}
