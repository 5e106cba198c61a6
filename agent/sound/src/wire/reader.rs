//! Reads the values of a command. Nothing is copied, so that no length can ask for memory.

use super::properties::{Properties, Property};
use crate::sound::channels::{MOST, Map};
use crate::sound::format::{Format, Spec};
use crate::sound::volume::Volumes;

/// A command that is not what the protocol says, and in what. Its sender is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is malformed: {0}")]
pub struct Malformed(pub &'static str);

/// What is left to be read of a command.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

/// A sample spec as it was sent. It need not make sense: clients that offer formats send none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentSpec {
    format: u8,
    channels: u8,
    rate: u32,
}

impl SentSpec {
    /// The spec, if it makes sense.
    pub fn valid(self) -> Option<Spec> {
        Spec::new(Format::from_number(self.format)?, self.channels, self.rate)
    }
}

/// A format that a client offers: its encoding and what it says of it.
#[derive(Clone, Debug)]
pub struct Offered<'a> {
    /// 1 is PCM.
    pub encoding: u8,
    /// As they were sent.
    pub properties: Vec<Property<'a>>,
}

impl<'a> Reader<'a> {
    /// All of a command.
    pub fn new(command: &'a [u8]) -> Self {
        Self { rest: command }
    }

    /// There is nothing more.
    pub fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed("it goes on after its end")) }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Malformed("it is too short"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Malformed("it is too short"))?;
        self.rest = rest;
        Ok(*taken)
    }

    fn mark(&mut self) -> Result<u8, Malformed> {
        let [mark] = self.array()?;
        Ok(mark)
    }

    fn marked(&mut self, mark: u8, otherwise: &'static str) -> Result<(), Malformed> {
        if self.mark()? == mark { Ok(()) } else { Err(Malformed(otherwise)) }
    }

    /// A number.
    pub fn number(&mut self) -> Result<u32, Malformed> {
        self.marked(b'L', "it has something else where a number belongs")?;
        Ok(u32::from_be_bytes(self.array()?))
    }

    /// An index, which may say nothing.
    pub fn index(&mut self) -> Result<Option<u32>, Malformed> {
        Ok(Some(self.number()?).filter(|index| *index != super::NONE))
    }

    /// A small number.
    pub fn byte(&mut self) -> Result<u8, Malformed> {
        self.marked(b'B', "it has something else where a byte belongs")?;
        self.mark()
    }

    /// True or false.
    pub fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.mark()? {
            b'1' => Ok(true),
            b'0' => Ok(false),
            _ => Err(Malformed("it has something else where a boolean belongs")),
        }
    }

    /// A text without its final zero, or none.
    pub fn text(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match self.mark()? {
            b'N' => Ok(None),
            b't' => {
                let end = self.rest.iter().position(|byte| *byte == 0).ok_or(Malformed("a text has no end"))?;
                let text = self.take(end)?;
                self.mark()?;
                Ok(Some(text))
            }
            _ => Err(Malformed("it has something else where a text belongs")),
        }
    }

    /// Bytes of any kind.
    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        self.marked(b'x', "it has something else where bytes belong")?;
        let length = u32::from_be_bytes(self.array()?);
        self.take(usize::try_from(length).map_err(|_| Malformed("it is too short"))?)
    }

    /// A time of day, in seconds and microseconds.
    pub fn time(&mut self) -> Result<(u32, u32), Malformed> {
        self.marked(b'T', "it has something else where a time belongs")?;
        Ok((u32::from_be_bytes(self.array()?), u32::from_be_bytes(self.array()?)))
    }

    /// A sample spec.
    pub fn spec(&mut self) -> Result<SentSpec, Malformed> {
        self.marked(b'a', "it has something else where a sample spec belongs")?;
        let [format, channels] = self.array()?;
        Ok(SentSpec { format, channels, rate: u32::from_be_bytes(self.array()?) })
    }

    /// A channel map; none if it names positions that do not exist, or nothing.
    pub fn map(&mut self) -> Result<Option<Map>, Malformed> {
        self.marked(b'm', "it has something else where a channel map belongs")?;
        let count = usize::from(self.mark()?);
        if count > MOST {
            return Err(Malformed("a channel map has more than 32 channels"));
        }
        Ok(Map::from_numbers(self.take(count)?))
    }

    /// The volumes of channels.
    pub fn volumes(&mut self) -> Result<Volumes, Malformed> {
        self.marked(b'v', "it has something else where volumes belong")?;
        let count = usize::from(self.mark()?);
        if count == 0 || count > MOST {
            return Err(Malformed("there are volumes for no channel, or for more than 32"));
        }
        let (volumes, _) = self.take(count * 4)?.as_chunks();
        Ok(Volumes::new(volumes.iter().map(|volume| u32::from_be_bytes(*volume))))
    }

    /// Properties, in their order.
    pub fn properties(&mut self) -> Result<Vec<Property<'a>>, Malformed> {
        self.marked(b'P', "it has something else where properties belong")?;
        let mut properties = Vec::new();
        while let Some(key) = self.text()? {
            let length = self.number()?;
            let value = self.bytes()?;
            if usize::try_from(length) != Ok(value.len()) {
                return Err(Malformed("a property has two lengths"));
            }
            if properties.len() < Properties::MOST {
                properties.push(Property { key, value });
            }
        }
        Ok(properties)
    }

    /// A format that is offered.
    pub fn offered(&mut self) -> Result<Offered<'a>, Malformed> {
        self.marked(b'f', "it has something else where a format belongs")?;
        Ok(Offered { encoding: self.byte()?, properties: self.properties()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_read_in_their_order() {
        let mut reader = Reader::new(b"L\0\0\x01\x02B\x0710thello\0NT\0\0\0\x01\0\0\0\x02x\0\0\0\x02ab");
        assert_eq!(reader.number(), Ok(258));
        assert_eq!(reader.byte(), Ok(7));
        assert_eq!((reader.boolean(), reader.boolean()), (Ok(true), Ok(false)));
        assert_eq!((reader.text(), reader.text()), (Ok(Some(&b"hello"[..])), Ok(None)));
        assert_eq!(reader.time(), Ok((1, 2)));
        assert!(reader.end().is_err());
        assert_eq!(reader.bytes(), Ok(&b"ab"[..]));
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn a_length_of_four_gigabytes_asks_for_no_memory() {
        assert!(Reader::new(b"x\xff\xff\xff\xffab").bytes().is_err());
        assert!(Reader::new(b"Ptkey\0L\xff\xff\xff\xffx\xff\xff\xff\xffab").properties().is_err());
        assert!(Reader::new(b"tno end").text().is_err());
    }

    #[test]
    fn a_spec_that_makes_no_sense_is_told_from_one_that_does() {
        let sent = |bytes| Reader::new(bytes).spec().unwrap().valid();
        assert!(sent(b"a\x03\x02\0\0\xbb\x80").is_some());
        for wrong in [b"a\x0d\x02\0\0\xbb\x80", b"a\x03\0\0\0\xbb\x80", b"a\x03\x21\0\0\xbb\x80", b"a\x03\x02\0\0\0\0"]
        {
            assert_eq!(sent(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let reader = Reader::new(&bytes);
            let _ = reader.clone().number();
            let _ = reader.clone().text();
            let _ = reader.clone().bytes();
            let _ = reader.clone().map();
            let _ = reader.clone().volumes();
            let _ = reader.clone().properties();
            let _ = reader.clone().offered();
        }
    }
}
