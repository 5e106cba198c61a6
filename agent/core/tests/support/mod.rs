//! Requests and hosts to test with.
#![allow(dead_code, reason = "not every test file needs all of it")]

use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::value::{RawRequest, RawValue};

pub(crate) fn id() -> SessionId {
    "2f1c8a527d3b4a439f500b9d6c1e4a77".parse().unwrap()
}

pub(crate) fn text(value: &str) -> RawValue {
    RawValue::Str(value.to_owned())
}

pub(crate) fn list(values: &[&str]) -> RawValue {
    RawValue::StrList(values.iter().map(|value| (*value).to_owned()).collect())
}

pub(crate) fn mounts(values: &[(&str, &str, &str)]) -> RawValue {
    RawValue::Triples(values.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect())
}

/// A request that runs `sh`, with more keys or other values.
pub(crate) fn request(more: &[(&str, RawValue)]) -> RawRequest {
    let base = [("Command".to_owned(), list(&["sh", "-c", "true"]))];
    base.into_iter().chain(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone()))).collect()
}
