//! What a client does with a stream of its own.

use super::{Call, Change, Client, Fault, Kind, tell};
use crate::sound::format::Spec;
use crate::stream::attributes::Wishes;
use crate::stream::{LATENCY, Stream};
use crate::wire::names::{Refusal, command};
use crate::wire::properties::Update;
use crate::wire::reader::Reader;
use crate::wire::writer::Writer;
use std::time::{SystemTime, UNIX_EPOCH};

impl Client {
    /// Does what the arguments' first number says with which stream.
    pub(super) fn of_stream(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let channel = call.arguments.number()?;
        if !self.streams.contains_key(&channel) {
            return Err(Refusal::NoEntity.into());
        }
        match call.command {
            command::DELETE_PLAYBACK_STREAM => self.delete(channel, &mut call),
            command::GET_PLAYBACK_LATENCY => self.latency(channel, call),
            command::SET_PLAYBACK_STREAM_BUFFER_ATTR => self.set_attributes(channel, call),
            command::UPDATE_PLAYBACK_STREAM_SAMPLE_RATE => self.set_rate(channel, call),
            command::SET_PLAYBACK_STREAM_NAME
            | command::UPDATE_PLAYBACK_STREAM_PROPLIST
            | command::REMOVE_PLAYBACK_STREAM_PROPLIST => self.describe(channel, call),
            _ => self.steer(channel, call),
        }
    }

    fn stream(&mut self, channel: u32) -> Result<&mut Stream, Refusal> {
        self.streams.get_mut(&channel).ok_or(Refusal::NoEntity)
    }

    fn delete(&mut self, channel: u32, call: &mut Call<'_, '_>) -> Result<(), Fault> {
        call.arguments.end()?;
        self.remove(channel, call.world);
        self.done(call.tag);
        Ok(())
    }

    /// Takes a stream away.
    pub(super) fn remove(&mut self, channel: u32, world: &mut crate::server::World) {
        if let Some(stream) = self.streams.remove(&channel) {
            world.remove(*stream.spec());
            self.event(Kind::SinkInput, Change::Removed, stream.index);
        }
        if self.sound == Some(channel) {
            self.sound = None;
        }
    }

    /// The commands that are answered when they are done.
    fn steer(&mut self, channel: u32, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let corked = if call.command == command::CORK_PLAYBACK_STREAM { Some(call.arguments.boolean()?) } else { None };
        call.arguments.end()?;
        let Self { streams, out, version, .. } = self;
        let stream = streams.get_mut(&channel).ok_or(Refusal::NoEntity)?;
        let index = stream.index;
        let mut events = Vec::new();
        let mut note = |event| events.push(event);
        match call.command {
            command::CORK_PLAYBACK_STREAM => stream.cork(corked.unwrap_or_default(), &mut note),
            command::FLUSH_PLAYBACK_STREAM => stream.flush(&mut note),
            command::TRIGGER_PLAYBACK_STREAM => stream.trigger(&mut note),
            command::PREBUF_PLAYBACK_STREAM => stream.prebuf(&mut note),
            _ => stream.drain(call.tag, &mut note),
        }
        if call.command != command::DRAIN_PLAYBACK_STREAM {
            Writer::reply(out, call.tag);
        }
        for event in events {
            tell(out, *version, channel, event);
        }
        if corked.is_some() {
            self.event(Kind::SinkInput, Change::Changed, index);
        }
        Ok(())
    }

    fn latency(&mut self, channel: u32, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let asked = call.arguments.time()?;
        call.arguments.end()?;
        let left = call.world.clock.left(call.world.now);
        let timing = self.stream(channel)?.timing();
        let version = self.version;
        let mut reply = Writer::reply(&mut self.out, call.tag);
        reply.duration(left + timing.delay).duration(std::time::Duration::ZERO).boolean(timing.playing);
        reply.time(asked).time(time_of_day()).signed(timing.indices.0).signed(timing.indices.1);
        if version >= 13 {
            reply.large(timing.underrun_for).large(timing.playing_for);
        }
        Ok(())
    }

    fn set_attributes(&mut self, channel: u32, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let wishes = wishes(&mut call.arguments, self.version)?;
        let Self { streams, out, version, .. } = self;
        let stream = streams.get_mut(&channel).ok_or(Refusal::NoEntity)?;
        let mut events = Vec::new();
        stream.set_attributes(&wishes, &mut |event| events.push(event));
        let attributes = stream.attributes();
        let mut reply = Writer::reply(out, call.tag);
        reply
            .number(attributes.maxlength)
            .number(attributes.tlength)
            .number(attributes.prebuf)
            .number(attributes.minreq);
        if *version >= 13 {
            reply.duration(LATENCY);
        }
        drop(reply);
        for event in events {
            tell(out, *version, channel, event);
        }
        Ok(())
    }

    fn set_rate(&mut self, channel: u32, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let rate = call.arguments.number()?;
        call.arguments.end()?;
        let stream = self.stream(channel)?;
        let before = *stream.spec();
        let after = Spec::new(before.format, before.channels, rate).ok_or(Refusal::Invalid)?;
        call.world.remove(before);
        if !call.world.takes(after) {
            call.world.add(before);
            return Err(Refusal::TooLarge.into());
        }
        call.world.add(after);
        stream.set_rate(rate);
        let index = stream.index;
        self.done(call.tag);
        self.event(Kind::SinkInput, Change::Changed, index);
        Ok(())
    }

    fn describe(&mut self, channel: u32, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let stream = self.stream(channel)?;
        match call.command {
            command::SET_PLAYBACK_STREAM_NAME => {
                let name = call.arguments.text()?;
                call.arguments.end()?;
                stream.properties.set("media.name", name.ok_or(Refusal::Invalid)?);
            }
            command::UPDATE_PLAYBACK_STREAM_PROPLIST => {
                let update = call.arguments.number()?;
                let properties = call.arguments.properties()?;
                call.arguments.end()?;
                stream.properties.update(Update::from_number(update).ok_or(Refusal::Invalid)?, &properties);
            }
            _ => {
                while let Some(key) = call.arguments.text()? {
                    stream.properties.remove(key);
                }
                call.arguments.end()?;
            }
        }
        let index = stream.index;
        self.done(call.tag);
        self.event(Kind::SinkInput, Change::Changed, index);
        Ok(())
    }
}

fn wishes(arguments: &mut Reader<'_>, version: u32) -> Result<Wishes, Fault> {
    let (maxlength, tlength) = (arguments.number()?, arguments.number()?);
    let (prebuf, minreq) = (arguments.number()?, arguments.number()?);
    let adjust_latency = version >= 13 && arguments.boolean()?;
    let early_requests = version >= 14 && arguments.boolean()?;
    arguments.end()?;
    Ok(Wishes { maxlength, tlength, prebuf, minreq, adjust_latency, early_requests })
}

/// In seconds and microseconds, for clients to compare with their own.
fn time_of_day() -> (u32, u32) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (u32::try_from(now.as_secs()).unwrap_or(u32::MAX), now.subsec_micros())
}
