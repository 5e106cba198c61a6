//! A client's new stream.

use super::{Call, Change, Client, Fault, Kind, STREAMS};
use crate::client::info::is_sink;
use crate::sound::channels::Map;
use crate::sound::format::{Format, Spec};
use crate::sound::volume::Volumes;
use crate::sound::{RATE, output};
use crate::stream::attributes::Wishes;
use crate::stream::{LATENCY, Settings, Stream};
use crate::wire::names::Refusal;
use crate::wire::properties::{Properties, Property, Update};
use crate::wire::reader::{Malformed, Offered, Reader, SentSpec};
use crate::wire::writer::Writer;

/// What a client says of its new stream.
struct Asked<'a> {
    name: Option<&'a [u8]>,
    spec: SentSpec,
    map: Option<Map>,
    sink: (Option<u32>, Option<&'a [u8]>),
    wishes: Wishes,
    corked: bool,
    volumes: Volumes,
    flags: Flags,
    properties: Vec<Property<'a>>,
    formats: Vec<Offered<'a>>,
}

/// The flags that count here.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are the protocol's")]
struct Flags {
    fix_format: bool,
    fix_rate: bool,
    fix_channels: bool,
    muted: bool,
    volume_set: bool,
    passthrough: bool,
}

impl<'a> Asked<'a> {
    fn read(arguments: &mut Reader<'a>, version: u32) -> Result<Self, Malformed> {
        let name = if version < 13 { arguments.text()? } else { None };
        let (spec, map) = (arguments.spec()?, arguments.map()?);
        let sink = (arguments.index()?, arguments.text()?);
        let maxlength = arguments.number()?;
        let corked = arguments.boolean()?;
        let (tlength, prebuf, minreq) = (arguments.number()?, arguments.number()?, arguments.number()?);
        // Streams of one number begin together; here each is for itself.
        arguments.number()?;
        let volumes = arguments.volumes()?;
        let wishes = Wishes { maxlength, tlength, prebuf, minreq, adjust_latency: false, early_requests: false };
        let flags = Flags { volume_set: true, ..Flags::default() };
        let (properties, formats) = (Vec::new(), Vec::new());
        let mut asked = Self { name, spec, map, sink, wishes, corked, volumes, flags, properties, formats };
        asked.read_rest(arguments, version)?;
        arguments.end()?;
        Ok(asked)
    }

    /// What later versions have put to it.
    fn read_rest(&mut self, arguments: &mut Reader<'a>, version: u32) -> Result<(), Malformed> {
        if version >= 12 {
            let (_remap, _remix) = (arguments.boolean()?, arguments.boolean()?);
            self.flags.fix_format = arguments.boolean()?;
            self.flags.fix_rate = arguments.boolean()?;
            self.flags.fix_channels = arguments.boolean()?;
            let (_no_move, _variable_rate) = (arguments.boolean()?, arguments.boolean()?);
        }
        if version >= 13 {
            self.flags.muted = arguments.boolean()?;
            self.wishes.adjust_latency = arguments.boolean()?;
            self.properties = arguments.properties()?;
        }
        if version >= 14 {
            self.flags.volume_set = arguments.boolean()?;
            self.wishes.early_requests = arguments.boolean()?;
        }
        if version >= 15 {
            let (_muted_set, _no_inhibit, _fail) = (arguments.boolean()?, arguments.boolean()?, arguments.boolean()?);
        }
        if version >= 17 {
            let _relative_volume = arguments.boolean()?;
        }
        if version >= 18 {
            self.flags.passthrough = arguments.boolean()?;
        }
        if version >= 21 {
            self.formats = (0..arguments.byte()?).map(|_| arguments.offered()).collect::<Result<_, _>>()?;
        }
        Ok(())
    }

    /// What the stream's bytes are.
    fn spec(&self) -> Result<(Spec, Map), Refusal> {
        if self.flags.passthrough {
            return Err(Refusal::NotSupported);
        }
        let (mut spec, mut map) = if self.formats.is_empty() {
            let (spec, map) = self.spec.valid().zip(self.map.clone()).ok_or(Refusal::Invalid)?;
            let fits = map.channels() == spec.channels && self.volumes.channels() == spec.channels;
            if fits { (spec, map) } else { return Err(Refusal::Invalid) }
        } else {
            self.formats.iter().find_map(of_offered).ok_or(Refusal::NotSupported)?
        };
        let (own, own_map) = output();
        if self.flags.fix_format {
            spec.format = own.format;
        }
        if self.flags.fix_rate {
            spec.rate = own.rate;
        }
        if self.flags.fix_channels {
            (spec.channels, map) = (own.channels, own_map);
        }
        Ok((spec, map))
    }

    fn settings(self) -> Result<Settings, Refusal> {
        is_sink(self.sink.0, self.sink.1)?;
        if !self.volumes.valid() {
            return Err(Refusal::Invalid);
        }
        let (spec, map) = self.spec()?;
        let own = self.flags.volume_set.then(|| self.volumes.for_channels(spec.channels)).flatten();
        let mut properties = Properties::default();
        if let Some(name) = self.name {
            properties.set("media.name", name);
        }
        properties.update(Update::Replace, &self.properties);
        let volumes = own.unwrap_or_else(|| Volumes::normal(spec.channels));
        let (wishes, muted, corked) = (self.wishes, self.flags.muted, self.corked);
        Ok(Settings { spec, map, wishes, volumes, muted, corked, properties })
    }
}

/// What an offered format says, with what is usual where it says nothing. Of several values, which are in brackets, the
/// first is taken.
fn of_offered(offered: &Offered<'_>) -> Option<(Spec, Map)> {
    const PCM: u8 = 1;
    let value = |key: &[u8]| {
        let property = offered.properties.iter().find(|property| property.key == key)?;
        let text = std::str::from_utf8(property.value.strip_suffix(b"\0")?).ok()?.trim();
        let list = text.strip_prefix('[').map_or(text, |list| list.trim_end_matches(']'));
        Some(list.trim())
    };
    let quoted = |key| value(key)?.strip_prefix('"')?.split('"').next();
    let number = |key| match value(key) {
        Some(text) => first_number(text).map(Some),
        None => Some(None),
    };
    let named = value(b"format.sample_format").is_some();
    let format = if named { Format::from_name(quoted(b"format.sample_format")?)? } else { output().0.format };
    let rate = number(b"format.rate")?.unwrap_or(RATE);
    let map = quoted(b"format.channel_map").and_then(Map::from_names);
    let channels = match number(b"format.channels")? {
        Some(channels) => u8::try_from(channels).ok()?,
        None => map.as_ref().map_or(output().0.channels, Map::channels),
    };
    let spec = Spec::new(format, channels, rate).filter(|_| matches!(offered.encoding, 0 | PCM))?;
    let map = map.filter(|map| map.channels() == channels).unwrap_or_else(|| Map::usual(channels));
    Some((spec, map))
}

/// A number, the first of several, or of a range the one that is nearest to what is written.
fn first_number(text: &str) -> Option<u32> {
    if !text.starts_with('{') {
        return text.split(',').next()?.trim().parse().ok();
    }
    let bound = |key: &str| {
        let (_, rest) = text.split_once(key)?;
        let digits: String =
            rest.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let (least, most): (u32, u32) = (bound("\"min\"")?, bound("\"max\"")?);
    Some(RATE.min(most).max(least))
}

impl Client {
    /// Makes a stream.
    pub(super) fn create(&mut self, mut call: Call<'_, '_>) -> Result<(), Fault> {
        let settings = Asked::read(&mut call.arguments, self.version)?.settings()?;
        if self.streams.len() >= STREAMS || !call.world.takes(settings.spec) {
            return Err(Refusal::TooLarge.into());
        }
        let index = call.world.new_index();
        let channel = self.free_channel();
        let (stream, wanted) = Stream::new(index, settings);
        call.world.add(*stream.spec());
        reply(&mut self.out, call.tag, self.version, channel, &stream, wanted);
        self.streams.insert(channel, stream);
        self.event(Kind::SinkInput, Change::New, index);
        Ok(())
    }
}

fn reply(out: &mut Vec<u8>, tag: u32, version: u32, channel: u32, stream: &Stream, wanted: u32) {
    let mut reply = Writer::reply(out, tag);
    reply.number(channel).number(stream.index).number(wanted);
    if version >= 9 {
        let attributes = stream.attributes();
        reply
            .number(attributes.maxlength)
            .number(attributes.tlength)
            .number(attributes.prebuf)
            .number(attributes.minreq);
    }
    if version >= 12 {
        reply.spec(stream.spec()).map(stream.map()).number(0).text(super::info::SINK).boolean(false);
    }
    if version >= 13 {
        reply.duration(LATENCY);
    }
    if version >= 21 {
        reply.format(stream.spec(), stream.map());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(values: &[(&'static str, &'static str)]) -> Option<String> {
        let property =
            |(key, value): &(&'static str, &'static str)| Property { key: key.as_bytes(), value: value.as_bytes() };
        let offered = Offered { encoding: 1, properties: values.iter().map(property).collect() };
        of_offered(&offered).map(|(spec, map)| format!("{} {} {map}", spec.format.name(), spec.rate))
    }

    #[test]
    fn a_format_that_is_offered_is_taken_with_what_it_leaves_open() {
        let whole = [
            ("format.sample_format", "\"float32le\"\0"),
            ("format.rate", "44100\0"),
            ("format.channels", "1\0"),
            ("format.channel_map", "\"mono\"\0"),
        ];
        assert_eq!(offered(&whole).as_deref(), Some("float32le 44100 mono"));
        assert_eq!(offered(&[]).as_deref(), Some("s16le 48000 front-left,front-right"));
        let lists = [("format.sample_format", "[ \"s32le\", \"s16le\" ]\0"), ("format.rate", "[ 96000, 48000 ]\0")];
        assert_eq!(offered(&lists).as_deref(), Some("s32le 96000 front-left,front-right"));
        let range = [("format.rate", "{ \"min\": 8000, \"max\": 44100 }\0"), ("format.channels", "4\0")];
        assert_eq!(offered(&range).as_deref(), Some("s16le 44100 front-left,front-right,rear-left,rear-right"));
    }

    #[test]
    fn a_format_that_makes_no_sense_is_not_taken() {
        for wrong in [("format.rate", "0\0"), ("format.rate", "x\0"), ("format.channels", "33\0")] {
            assert_eq!(offered(&[wrong]), None, "{wrong:?}");
        }
        assert_eq!(offered(&[("format.sample_format", "\"mp3\"\0")]), None);
        assert!(of_offered(&Offered { encoding: 2, properties: Vec::new() }).is_none());
    }
}
