//! Properties of a session as text.

use crate::output::printable;
use dillinger_runner_api::wire::{self, Field};
use dillinger_runner_api::{Dict, Value, keys, text};
use std::collections::BTreeMap;
use zbus::Variant;

/// A text property; empty if absent.
pub(crate) fn text_of(dict: &Dict, name: &str) -> String {
    Field::read(dict.get(name))
}

/// A number property of type `t`; `None` if absent.
pub(crate) fn number_of(dict: &Dict, name: &str) -> Option<u64> {
    Field::read(dict.get(name))
}

/// A text list property; empty if absent.
pub(crate) fn list_of(dict: &Dict, name: &str) -> Vec<String> {
    Field::read(dict.get(name))
}

/// Everything as one JSON object, its keys sorted.
pub(crate) fn json_of(dict: &Dict) -> serde_json::Value {
    let sorted: BTreeMap<&String, serde_json::Value> =
        dict.iter().map(|(name, value)| (name, wire::json(value))).collect();
    sorted.into_iter().map(|(name, value)| (name.clone(), value)).collect()
}

/// The value of a property in one line, as `systemctl show` would print it.
pub(crate) fn line_of(name: &str, value: &Variant<'_>) -> String {
    let key = keys::find(name).filter(|key| key.name == name);
    let known = key.and_then(|key| Some((key, Value::try_from(value).ok()?)));
    let line = match (known, value) {
        (Some((key, value)), _) => text::format_value(key, &value),
        (None, Variant::U64(number)) if name.ends_with("Timestamp") => text::timestamp(*number),
        (None, Variant::Array(_)) => match Value::try_from(value) {
            Ok(Value::List(words)) => text::join_words(&words),
            _ => wire::json(value).to_string(),
        },
        (None, Variant::Str(text)) => text.as_str().to_owned(),
        (None, other) => wire::json(other).to_string(),
    };
    printable(&line)
}

/// An id as tables show it.
pub(crate) fn shown_id(id: &str, whole: bool) -> &str {
    if whole { id } else { id.get(..12).unwrap_or(id) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_systemctl_show() {
        for (name, value, line) in [
            ("MemoryMax", Variant::from(2u64 << 30), "2147483648"),
            ("RuntimeMaxUSec", Variant::from(u64::MAX), "infinity"),
            ("Title", Variant::from("a\nb"), "a\u{fffd}b"),
            ("Warnings", Variant::from(vec!["a b", "c"]), "\"a b\" c"),
            ("StartedTimestamp", Variant::from(0u64), "n/a"),
            ("ExitStatus", Variant::from(7i32), "7"),
            ("Gamepads", Variant::from(true), "yes"),
            ("MemoryMax", Variant::from("odd"), "odd"),
        ] {
            assert_eq!(line_of(name, &value), line, "{name}");
        }
    }

    #[test]
    fn ids_are_cut_in_tables() {
        assert_eq!(shown_id("0123456789abcdef", false), "0123456789ab");
        assert_eq!(shown_id("0123", false), "0123");
    }
}
