//! What clients say of themselves and of their streams. Nothing here depends on it; it is kept to be told again.

use std::collections::BTreeMap;

/// One of them, as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Property<'a> {
    /// The name.
    pub key: &'a [u8],
    /// A text with its final zero, or bytes of any kind.
    pub value: &'a [u8],
}

/// How properties are put to those that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Instead of all.
    Set,
    /// Where there are none of the name.
    Merge,
    /// Instead of those of the name.
    Replace,
}

impl Update {
    /// By the protocol's number.
    pub fn from_number(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Set),
            1 => Some(Self::Merge),
            2 => Some(Self::Replace),
            _ => None,
        }
    }
}

/// Properties that are kept. What does not fit, such as an icon, is left out.
#[derive(Clone, Debug, Default)]
pub struct Properties {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
}

impl Properties {
    /// So many are read of a message at most.
    pub const MOST: usize = 64;
    /// Of names and values together.
    const BYTES: usize = 4096;
    /// Of a name and its value.
    const LARGEST: usize = 1024;

    /// Takes properties in.
    pub fn update(&mut self, update: Update, properties: &[Property<'_>]) {
        if update == Update::Set {
            *self = Self::default();
        }
        for property in properties {
            if update != Update::Merge || !self.values.contains_key(property.key) {
                self.put(property.key, property.value);
            }
        }
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        self.remove(key);
        let bytes = key.len() + value.len();
        let fits = bytes <= Self::LARGEST && self.bytes + bytes <= Self::BYTES && self.values.len() < Self::MOST;
        if fits && !key.is_empty() {
            self.bytes += bytes;
            self.values.insert(key.to_vec(), value.to_vec());
        }
    }

    /// Sets a text.
    pub fn set(&mut self, key: &str, text: &[u8]) {
        self.put(key.as_bytes(), &[text, b"\0"].concat());
    }

    /// Takes one away.
    pub fn remove(&mut self, key: &[u8]) {
        if let Some(value) = self.values.remove(key) {
            self.bytes -= key.len() + value.len();
        }
    }

    /// A text without its final zero.
    pub fn text(&self, key: &str) -> Option<&[u8]> {
        let text = self.values.get(key.as_bytes())?.strip_suffix(b"\0")?;
        if text.contains(&0) { None } else { Some(text) }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Property<'_>> {
        self.values.iter().map(|(key, value)| Property { key, value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one<'a>(key: &'a [u8], value: &'a [u8]) -> [Property<'a>; 1] {
        [Property { key, value }]
    }

    #[test]
    fn updates_do_what_their_names_say() {
        let mut properties = Properties::default();
        properties.update(Update::Replace, &one(b"a", b"1\0"));
        properties.update(Update::Merge, &one(b"a", b"2\0"));
        assert_eq!(properties.text("a"), Some(&b"1"[..]));
        properties.update(Update::Replace, &one(b"a", b"3\0"));
        assert_eq!(properties.text("a"), Some(&b"3"[..]));
        properties.update(Update::Set, &one(b"b", b"4\0"));
        assert_eq!((properties.text("a"), properties.text("b")), (None, Some(&b"4"[..])));
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut properties = Properties::default();
        properties.update(Update::Replace, &one(b"icon", &vec![1; 20_000]));
        assert_eq!(properties.iter().count(), 0);
        for number in 0..1000_u32 {
            properties.update(Update::Replace, &one(&number.to_be_bytes(), &[1; 500]));
        }
        assert_eq!(properties.iter().count(), 8);
        properties.remove(&0_u32.to_be_bytes());
        properties.set("name", b"value");
        assert_eq!(properties.text("name"), Some(&b"value"[..]), "there is room again");
    }

    #[test]
    fn bytes_are_no_text() {
        let mut properties = Properties::default();
        properties.update(Update::Replace, &one(b"a", b"1\x002\0"));
        properties.update(Update::Replace, &one(b"b", b"1"));
        assert_eq!((properties.text("a"), properties.text("b")), (None, None));
    }
}
