//! What a client sets: for itself, for its streams by their index, and for the sink.

use super::info::{is_sink, sink_channels};
use super::{Call, Change, Client, End, Fault, Kind};
use crate::wire::names::{Refusal, command};
use crate::wire::properties::Update;
use crate::wire::writer::Writer;

/// All kinds of changes that there are, pulse/def.h.
const ALL_KINDS: u32 = 0x2ff;
/// The sink is for all who play in this session: no more than 11 dB, which is what mixers offer.
const LOUDEST: u32 = 99_957;

impl Client {
    /// Does what is to be set.
    pub(super) fn of_own(&mut self, call: Call<'_, '_>) -> Result<(), Fault> {
        match call.command {
            command::SUBSCRIBE => self.subscribe(call),
            command::SET_SINK_VOLUME | command::SET_SINK_MUTE => self.set_sink(call),
            command::SET_SINK_INPUT_VOLUME | command::SET_SINK_INPUT_MUTE => self.set_sink_input(call),
            command::SET_DEFAULT_SINK | command::SET_DEFAULT_SOURCE => self.set_default(call),
            command::MOVE_SINK_INPUT => self.move_sink_input(call),
            command::KILL_CLIENT | command::KILL_SINK_INPUT => self.kill(call),
            _ => self.describe_itself(call),
        }
    }

    fn subscribe(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let kinds = call.arguments.number()?;
        call.arguments.end()?;
        if kinds & !ALL_KINDS != 0 {
            return Err(Refusal::Invalid.into());
        }
        self.subscription = kinds;
        self.done(call.tag);
        Ok(())
    }

    fn set_sink(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let (index, name) = (call.arguments.index()?, call.arguments.text()?);
        let sink = call.world.sink.clone();
        if call.command == command::SET_SINK_VOLUME {
            let volumes = call.arguments.volumes()?;
            let valid = if volumes.valid() { volumes.for_channels(sink_channels()) } else { None };
            call.world.sink.volumes = valid.ok_or(Refusal::Invalid)?.at_most(LOUDEST);
        } else {
            call.world.sink.muted = call.arguments.boolean()?;
        }
        let meant = if index.is_none() && name.is_none() { Err(Refusal::Invalid) } else { is_sink(index, name) };
        if let Err(fault) = call.arguments.end().map_err(Fault::from).and(meant.map_err(Fault::from)) {
            call.world.sink = sink;
            return Err(fault);
        }
        call.world.sink_changed |= call.world.sink != sink;
        self.done(call.tag);
        Ok(())
    }

    fn set_sink_input(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let index = call.arguments.number()?;
        let (volumes, muted) = if call.command == command::SET_SINK_INPUT_VOLUME {
            (Some(call.arguments.volumes()?), None)
        } else {
            (None, Some(call.arguments.boolean()?))
        };
        call.arguments.end()?;
        let channel = self.channel_of(index)?;
        let stream = self.streams.get_mut(&channel).ok_or(Refusal::NoEntity)?;
        let mut changed = muted.is_some_and(|muted| stream.set_muted(muted));
        if let Some(volumes) = volumes {
            let fit = volumes.for_channels(stream.spec().channels).filter(|_| volumes.valid());
            changed |= stream.set_volumes(fit.ok_or(Refusal::Invalid)?);
        }
        self.done(call.tag);
        if changed {
            self.event(Kind::SinkInput, Change::Changed, index);
        }
        Ok(())
    }

    /// There is one of each, which stays the default.
    fn set_default(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let name = call.arguments.text()?;
        call.arguments.end()?;
        if call.command == command::SET_DEFAULT_SINK {
            is_sink(None, name)?;
        }
        self.done(call.tag);
        Ok(())
    }

    /// To where it is.
    fn move_sink_input(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let stream = call.arguments.number()?;
        let (index, name) = (call.arguments.index()?, call.arguments.text()?);
        call.arguments.end()?;
        self.channel_of(stream)?;
        is_sink(index, name)?;
        self.done(call.tag);
        Ok(())
    }

    /// Ends what is its own; that there is something else it does not know.
    fn kill(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let index = call.arguments.number()?;
        call.arguments.end()?;
        if call.command == command::KILL_CLIENT {
            return Err(if index == self.index { Fault::End(End::Asked) } else { Refusal::Access.into() });
        }
        let channel = self.channel_of(index).map_err(|_| Refusal::Access)?;
        Writer::command(&mut self.out, command::PLAYBACK_STREAM_KILLED).number(channel);
        self.remove(channel, call.world);
        self.done(call.tag);
        Ok(())
    }

    fn describe_itself(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        if call.command == command::UPDATE_CLIENT_PROPLIST {
            let update = call.arguments.number()?;
            let properties = call.arguments.properties()?;
            call.arguments.end()?;
            self.properties.update(Update::from_number(update).ok_or(Refusal::Invalid)?, &properties);
        } else {
            while let Some(key) = call.arguments.text()? {
                self.properties.remove(key);
            }
            call.arguments.end()?;
        }
        self.done(call.tag);
        self.event(Kind::Client, Change::Changed, self.index);
        Ok(())
    }
}
