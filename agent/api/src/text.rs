//! Text forms of values, as systemd writes and reads them; see systemd.syntax(7) and
//! systemd.time(7).

mod bytes;
mod signal;
mod span;
mod time;
mod words;

pub use bytes::{format_bytes, parse_size};
pub use signal::{parse_signal, signal_name};
pub use span::{USEC_PER_SEC, format_span, parse_span};
pub use time::{ago, clock_time, timestamp};
pub use words::{join_words, parse_mount, quote_word, split_words};

use crate::Value;
use crate::keys::{self, Form, Key};

/// "No limit" and "not set", in every key of type `t`.
pub const INFINITY: u64 = u64::MAX;

/// Why a text is not a value. The message tells what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No key has this name.
    #[error("unknown key {name:?}{}", near(*.nearest))]
    UnknownKey {
        /// The name.
        name: String,
        /// The known name most like it.
        nearest: Option<&'static str>,
    },
    /// The text of a key's value is not of its form.
    #[error("{key}: {source}")]
    Key {
        /// Name of the key as it was given.
        key: String,
        /// What is wrong with the value.
        source: Box<TextError>,
    },
    /// The text is not of the form that is right.
    #[error("{text:?} is not {expected}")]
    Not {
        /// The text.
        text: String,
        /// What is right, with examples.
        expected: String,
    },
    /// The number is larger than can be stored.
    #[error("{0:?} is too large")]
    TooLarge(String),
    /// A quote or a backslash has nothing after it.
    #[error("{0:?} ends inside a quote or after a backslash")]
    Unterminated(String),
}

fn near(nearest: Option<&'static str>) -> String {
    nearest.map(|name| format!(", did you mean {name}?")).unwrap_or_default()
}

impl TextError {
    pub(crate) fn not(text: &str, expected: impl Into<String>) -> Self {
        Self::Not { text: text.to_owned(), expected: expected.into() }
    }
}

/// Value of the key called `name`, by either of its names, from its text.
///
/// A bare number of a time span is microseconds with the D-Bus name (`RuntimeMaxUSec`), seconds
/// with the unit file name (`RuntimeMaxSec`).
///
/// # Errors
/// The key is unknown, or the text is not of its form.
pub fn parse(name: &str, text: &str) -> Result<Value, TextError> {
    let key = keys::find(name).ok_or_else(|| unknown_key(name))?;
    parse_form(key, name, text).map_err(|source| TextError::Key { key: name.to_owned(), source: Box::new(source) })
}

/// The error for a name that no key has.
#[must_use]
pub fn unknown_key(name: &str) -> TextError {
    TextError::UnknownKey { name: name.to_owned(), nearest: keys::nearest(name) }
}

fn parse_form(key: &Key, name: &str, text: &str) -> Result<Value, TextError> {
    let seconds = key.unit_file_name == Some(name);
    Ok(match key.form {
        Form::Text => Value::Text(text.to_owned()),
        Form::Word(words) => Value::Text(parse_word(words, text)?),
        Form::List => Value::List(split_words(text)?),
        Form::Mounts => {
            let words = split_words(text)?;
            Value::Triples(words.iter().map(|word| parse_mount(word)).collect::<Result<_, _>>()?)
        }
        Form::Registry => {
            let words = split_words(text)?;
            Value::Triples(words.iter().map(|word| parse_registry(word)).collect::<Result<_, _>>()?)
        }
        Form::Bool => Value::Bool(parse_bool(text)?),
        Form::Number => Value::U32(parse_number(text)?),
        Form::Count => Value::U64(parse_count(text)?),
        Form::Weight => Value::U64(parse_weight(text)?),
        Form::Size => Value::U64(parse_size(text)?),
        Form::Span => Value::U64(parse_span(text, if seconds { USEC_PER_SEC } else { 1 })?),
        Form::Quota => Value::U64(parse_quota(text, seconds)?),
    })
}

/// Key, name and data of `KEY\NAME=DATA`; the name `@` stands for the key's default, as in `.reg`
/// files.
///
/// # Errors
/// There is no `=`, or no `\` before it.
pub fn parse_registry(text: &str) -> Result<(String, String, String), TextError> {
    let expected =
        || TextError::not(text, "a value of the registry, expected such as HKCU\\Software\\Game\\Name=dword:1");
    let (place, data) = text.split_once('=').ok_or_else(expected)?;
    let (key, name) = place.rsplit_once('\\').ok_or_else(expected)?;
    let name = if name == "@" { "" } else { name };
    Ok((key.to_owned(), name.to_owned(), data.to_owned()))
}

fn parse_word(words: &[&str], text: &str) -> Result<String, TextError> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(TextError::not(text, format!("one of {}", words.join(", "))))
}

/// `yes`, `true`, `on`, `1` and their opposites, in any case.
///
/// # Errors
/// The text is none of them.
pub fn parse_bool(text: &str) -> Result<bool, TextError> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "true" | "t" | "on" => Ok(true),
        "0" | "no" | "n" | "false" | "f" | "off" => Ok(false),
        _ => Err(TextError::not(text, "a boolean, expected yes or no")),
    }
}

fn parse_number(text: &str) -> Result<u32, TextError> {
    let number = digits(text).ok_or_else(|| TextError::not(text, "a whole number"))?;
    number.parse().map_err(|_| TextError::TooLarge(text.to_owned()))
}

fn parse_count(text: &str) -> Result<u64, TextError> {
    if text == "infinity" {
        return Ok(INFINITY);
    }
    let number = digits(text).ok_or_else(|| TextError::not(text, "a whole number or infinity"))?;
    number.parse().map_err(|_| TextError::TooLarge(text.to_owned()))
}

fn parse_weight(text: &str) -> Result<u64, TextError> {
    if text.is_empty() { Ok(INFINITY) } else { parse_count(text) }
}

/// Processor time per second of wall time in microseconds, from `150%` or `infinity`. With its
/// D-Bus name the key also takes a time span per second and a bare number of microseconds.
fn parse_quota(text: &str, unit_file: bool) -> Result<u64, TextError> {
    let expected = "a share of a processor, expected a percentage such as 150%, or infinity";
    let Some(percent) = text.strip_suffix('%') else {
        let span = parse_span(text, 1).map_err(|_| TextError::not(text, expected))?;
        let allowed = !unit_file || span == INFINITY;
        return allowed.then_some(span).ok_or_else(|| TextError::not(text, expected));
    };
    let (whole, hundredths) = percent.split_once('.').unwrap_or((percent, ""));
    let fits = digits(whole).is_some() && hundredths.len() <= 2;
    let padded = format!("{whole}{hundredths:0<2}");
    let number = digits(&padded).filter(|_| fits).ok_or_else(|| TextError::not(text, expected))?;
    let value: u64 = number.parse().map_err(|_| TextError::TooLarge(text.to_owned()))?;
    // One hundredth of a percent of a second is 100 µs.
    value.checked_mul(100).ok_or_else(|| TextError::TooLarge(text.to_owned()))
}

/// The text again if it is decimal digits and nothing else.
pub(crate) fn digits(text: &str) -> Option<&str> {
    let all = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all.then_some(text)
}

/// Text of a key's value as `systemctl show` would print it. Sizes are bytes, spans have units.
#[must_use]
pub fn format_value(key: &Key, value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::List(words) => join_words(words),
        Value::Triples(mounts) => join_words(&mounts.iter().map(words::mount_text).collect::<Vec<_>>()),
        Value::Bool(on) => if *on { "yes" } else { "no" }.to_owned(),
        Value::U32(number) => number.to_string(),
        Value::U64(number) => format_number(key.form, *number),
    }
}

fn format_number(form: Form, number: u64) -> String {
    match form {
        Form::Weight if number == INFINITY => "[not set]".to_owned(),
        _ if number == INFINITY => "infinity".to_owned(),
        Form::Span | Form::Quota => format_span(number),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(words: &[&str]) -> Value {
        Value::List(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn values_as_systemd_reads_them() {
        for (key, text, value) in [
            ("MemoryMax", "2G", Value::U64(2 << 30)),
            ("MemoryHigh", "512M", Value::U64(512 << 20)),
            ("MemoryMax", "infinity", Value::U64(INFINITY)),
            ("MemorySwapMax", "0", Value::U64(0)),
            ("CPUQuota", "150%", Value::U64(1_500_000)),
            ("CPUQuotaPerSecUSec", "12.5%", Value::U64(125_000)),
            ("CPUQuotaPerSecUSec", "500ms", Value::U64(500_000)),
            ("CPUQuotaPerSecUSec", "250000", Value::U64(250_000)),
            ("CPUQuota", "infinity", Value::U64(INFINITY)),
            ("CPUWeight", "", Value::U64(INFINITY)),
            ("TasksMax", "100", Value::U64(100)),
            ("RuntimeMaxSec", "90", Value::U64(90_000_000)),
            ("RuntimeMaxUSec", "90", Value::U64(90)),
            ("RuntimeMaxUSec", "1h 30min", Value::U64(5_400_000_000)),
            ("Gamepads", "on", Value::Bool(true)),
            ("Width", "1920", Value::U32(1920)),
            ("Network", "none", Value::Text("none".to_owned())),
            ("Title", " a \"b\" ", Value::Text(" a \"b\" ".to_owned())),
            ("Command", "/bin/sh -c 'echo \"hi\"'", list(&["/bin/sh", "-c", "echo \"hi\""])),
            ("Environment", "A=1 \"B=x y\"", list(&["A=1", "B=x y"])),
            ("Mounts", "/a:/b:ro", Value::Triples(vec![("/a".to_owned(), "/b".to_owned(), "ro".to_owned())])),
        ] {
            assert_eq!(parse(key, text), Ok(value), "{key}={text}");
        }
    }

    #[test]
    fn wrong_values_are_told_what_is_right() {
        for (key, text, said) in [
            ("MemoryMax", "2GB", "512M"),
            ("MemoryMax", "", "512M"),
            ("CPUQuota", "150", "150%"),
            ("CPUQuotaPerSecUSec", "-1%", "150%"),
            ("CPUQuota", "1.234%", "150%"),
            ("RuntimeMaxSec", "soon", "1h 30min"),
            ("Gamepads", "maybe", "yes or no"),
            ("Width", "-1", "whole number"),
            ("Width", "99999999999", "too large"),
            ("Network", "bridge", "private, none, host"),
            ("Command", "'open", "inside a quote"),
            ("Mounts", "/a", "SOURCE:TARGET"),
            ("Memorymax", "1", "did you mean MemoryMax?"),
        ] {
            let error = parse(key, text).unwrap_err().to_string();
            assert!(error.contains(said), "{key}={text}: {error}");
            assert!(error.contains(key), "{key}={text}: {error}");
        }
    }

    #[test]
    fn values_as_systemctl_prints_them() {
        for (name, value, text) in [
            ("MemoryMax", Value::U64(2 << 30), "2147483648"),
            ("MemoryMax", Value::U64(INFINITY), "infinity"),
            ("CPUWeight", Value::U64(INFINITY), "[not set]"),
            ("CPUQuotaPerSecUSec", Value::U64(1_500_000), "1s 500ms"),
            ("RuntimeMaxUSec", Value::U64(5_400_000_000), "1h 30min"),
            ("Gamepads", Value::Bool(false), "no"),
            ("Command", list(&["/bin/sh", "-c", "echo 'a b'"]), r#"/bin/sh -c "echo 'a b'""#),
        ] {
            assert_eq!(format_value(keys::find(name).unwrap(), &value), text);
        }
    }
}
