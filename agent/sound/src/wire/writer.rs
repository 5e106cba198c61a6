//! Writes packets for a client.

use super::names::{Refusal, command};
use super::properties::Property;
use super::{HEAD, NONE};
use crate::sound::channels::Map;
use crate::sound::format::Spec;
use crate::sound::volume::Volumes;
use std::time::Duration;

/// A packet that is being written. It is whole when it is dropped.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
    at: usize,
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        let length = u32::try_from(self.out.len().saturating_sub(self.at + HEAD)).unwrap_or(NONE);
        if let Some(place) = self.out.get_mut(self.at..self.at + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}

impl<'a> Writer<'a> {
    /// A command that the server sends by itself.
    pub fn command(out: &'a mut Vec<u8>, command: u32) -> Self {
        let at = out.len();
        out.extend([0, NONE, 0, 0, 0].map(u32::to_be_bytes).as_flattened());
        let mut writer = Self { out, at };
        writer.number(command).number(NONE);
        writer
    }

    /// The answer to what has this tag.
    pub fn reply(out: &'a mut Vec<u8>, tag: u32) -> Self {
        Self::answer(out, command::REPLY, tag)
    }

    /// The refusal of what has this tag.
    pub fn refuse(out: &'a mut Vec<u8>, tag: u32, refusal: Refusal) {
        Self::answer(out, command::ERROR, tag).number(refusal.number());
    }

    fn answer(out: &'a mut Vec<u8>, command: u32, tag: u32) -> Self {
        let at = out.len();
        out.extend([0, NONE, 0, 0, 0].map(u32::to_be_bytes).as_flattened());
        let mut writer = Self { out, at };
        writer.number(command).number(tag);
        writer
    }

    /// A number.
    pub fn number(&mut self, value: u32) -> &mut Self {
        self.out.push(b'L');
        self.out.extend(value.to_be_bytes());
        self
    }

    /// A small number.
    pub fn byte(&mut self, value: u8) -> &mut Self {
        self.out.extend([b'B', value]);
        self
    }

    /// A number of 64 bits that is not negative.
    pub fn large(&mut self, value: u64) -> &mut Self {
        self.out.push(b'R');
        self.out.extend(value.to_be_bytes());
        self
    }

    /// A number of 64 bits.
    pub fn signed(&mut self, value: i64) -> &mut Self {
        self.out.push(b'r');
        self.out.extend(value.to_be_bytes());
        self
    }

    /// True or false.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.out.push(if value { b'1' } else { b'0' });
        self
    }

    /// A text, which must not hold a zero.
    pub fn text(&mut self, value: &[u8]) -> &mut Self {
        self.out.push(b't');
        self.out.extend(value.iter().filter(|byte| **byte != 0));
        self.out.push(0);
        self
    }

    /// The place of a text that is not there.
    pub fn no_text(&mut self) -> &mut Self {
        self.out.push(b'N');
        self
    }

    /// How long something takes.
    pub fn duration(&mut self, value: Duration) -> &mut Self {
        self.out.push(b'U');
        self.out.extend(u64::try_from(value.as_micros()).unwrap_or(u64::MAX).to_be_bytes());
        self
    }

    /// A time of day, in seconds and microseconds.
    pub fn time(&mut self, (seconds, microseconds): (u32, u32)) -> &mut Self {
        self.out.push(b'T');
        self.out.extend(seconds.to_be_bytes());
        self.out.extend(microseconds.to_be_bytes());
        self
    }

    /// A sample spec.
    pub fn spec(&mut self, spec: &Spec) -> &mut Self {
        self.out.extend([b'a', spec.format.number(), spec.channels]);
        self.out.extend(spec.rate.to_be_bytes());
        self
    }

    /// A channel map.
    pub fn map(&mut self, map: &Map) -> &mut Self {
        self.out.extend([b'm', map.channels()]);
        self.out.extend(map.numbers());
        self
    }

    /// The volumes of channels.
    pub fn volumes(&mut self, volumes: &Volumes) -> &mut Self {
        self.out.extend([b'v', volumes.channels()]);
        self.out.extend(volumes.iter().flat_map(u32::to_be_bytes));
        self
    }

    /// One volume.
    pub fn volume(&mut self, volume: u32) -> &mut Self {
        self.out.push(b'V');
        self.out.extend(volume.to_be_bytes());
        self
    }

    /// Properties.
    pub fn properties<'b>(&mut self, properties: impl Iterator<Item = Property<'b>>) -> &mut Self {
        self.out.push(b'P');
        for Property { key, value } in properties {
            let length = u32::try_from(value.len()).unwrap_or(NONE);
            self.text(key).number(length);
            self.out.push(b'x');
            self.out.extend(length.to_be_bytes());
            self.out.extend(value);
        }
        self.no_text()
    }

    /// The one encoding that there is, with what describes a spec.
    pub fn format(&mut self, spec: &Spec, map: &Map) -> &mut Self {
        let texts = [
            ("format.channel_map", format!("\"{map}\"\0")),
            ("format.channels", format!("{}\0", spec.channels)),
            ("format.rate", format!("{}\0", spec.rate)),
            ("format.sample_format", format!("\"{}\"\0", spec.format.name())),
        ];
        self.out.push(b'f');
        self.byte(1)
            .properties(texts.iter().map(|(key, text)| Property { key: key.as_bytes(), value: text.as_bytes() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_has_its_length() {
        let mut out = b"before".to_vec();
        Writer::reply(&mut out, 7).text(b"hi");
        let head = b"before\0\0\0\x0e\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(out, [&head[..], b"L\0\0\0\x02L\0\0\0\x07thi\0"].concat());
    }

    #[test]
    fn a_refusal_has_its_number() {
        let mut out = Vec::new();
        Writer::refuse(&mut out, 1, Refusal::NoEntity);
        assert_eq!(out.get(HEAD..), Some(&b"L\0\0\0\0L\0\0\0\x01L\0\0\0\x05"[..]));
    }
}
