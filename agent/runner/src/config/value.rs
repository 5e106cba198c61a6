//! From values of a file to values of settings. Messages say what would be
//! right.

use super::fragment::Value;
use dillinger_runner_api::text::TextError;
use dillinger_runner_api::value::Value as ApiValue;
use dillinger_runner_api::{keys, text};
use dillinger_runner_core::value::RawValue;
use std::ops::RangeInclusive;

/// The value of the request key `key`, spelled `spelled` in the file: a bare
/// number means seconds in a unit file's spelling of a time span, and
/// microseconds in D-Bus's.
pub(super) fn of_request_key(key: &str, spelled: &str, value: &Value) -> Result<RawValue, String> {
    let signature = keys::find(key).map_or("", |key| key.signature);
    match (signature, value) {
        ("s", Value::Text(text)) => Ok(RawValue::Str(text.clone())),
        ("as", Value::List(list)) => list.iter().map(text_of).collect::<Result<_, _>>().map(RawValue::StrList),
        ("b", Value::Boolean(on)) => Ok(RawValue::Bool(*on)),
        ("t" | "u" | "as" | "b", Value::Text(text)) => in_words(spelled, text),
        ("t" | "u", Value::Integer(number)) => in_words(spelled, &number.to_string()),
        _ => Err(format!("is {}, expected {}", value.kind(), toml_type(signature))),
    }
}

fn in_words(spelled: &str, words: &str) -> Result<RawValue, String> {
    text::parse(spelled, words).map(raw).map_err(|error| match error {
        // The key is named already.
        TextError::Key { source, .. } => source.to_string(),
        other => other.to_string(),
    })
}

fn raw(value: ApiValue) -> RawValue {
    match value {
        ApiValue::Text(text) => RawValue::Str(text),
        ApiValue::List(list) => RawValue::StrList(list),
        ApiValue::Triples(list) => RawValue::Triples(list),
        ApiValue::Bool(on) => RawValue::Bool(on),
        ApiValue::U32(number) => RawValue::U32(number),
        ApiValue::U64(number) => RawValue::U64(number),
    }
}

fn toml_type(signature: &str) -> &'static str {
    match signature {
        "as" => "an array of strings",
        "b" => "true or false",
        "t" | "u" => "an integer, or a string as in unit files",
        _ => "a string",
    }
}

/// A string.
pub(super) fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        other => Err(format!("is {}, expected a string", other.kind())),
    }
}

/// A whole number within bounds.
pub(super) fn count(value: &Value, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let number = match value {
        Value::Integer(number) => u64::try_from(*number).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    let expected = || format!("expected a whole number from {} to {}", range.start(), range.end());
    number.filter(|number| range.contains(number)).ok_or_else(expected)
}

/// A time span in µs within bounds, as systemd.time(7) writes it; a bare number
/// means seconds.
pub(super) fn span(value: &Value, range: &RangeInclusive<u64>) -> Result<u64, String> {
    let words = match value {
        Value::Integer(number) => number.to_string(),
        other => text_of(other)?,
    };
    let RawValue::U64(usec) = in_words("RuntimeMaxSec", &words)? else {
        return Err("is not a time span, expected such as 10min".to_owned());
    };
    if range.contains(&usec) {
        return Ok(usec);
    }
    Err(format!(
        "is {} s long, expected {} to {} s",
        usec / 1_000_000,
        range.start() / 1_000_000,
        range.end() / 1_000_000
    ))
}
