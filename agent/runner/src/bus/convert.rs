//! Between the values of the bus and those of the core. Total: what a caller
//! sent never makes it fail, a wrong type is a value of its own.

use dillinger_runner_api::Error;
use dillinger_runner_core::value::{RawRequest, RawValue};
use std::collections::HashMap;
use zbus::{OwnedVariant, Variant};

/// `a{sv}`
pub(crate) type Dict = HashMap<String, OwnedVariant>;

pub(crate) fn raw_request(dict: Dict) -> RawRequest {
    dict.into_iter().map(|(key, value)| (key, raw_value(value))).collect()
}

fn raw_value(value: OwnedVariant) -> RawValue {
    let signature = value.value_signature().to_string();
    let other = || RawValue::Other(signature.clone());
    match (signature.as_str(), Variant::from(value)) {
        (_, Variant::Str(text)) => RawValue::Str(text.to_string()),
        (_, Variant::Bool(on)) => RawValue::Bool(on),
        (_, Variant::U32(number)) => RawValue::U32(number),
        (_, Variant::U64(number)) => RawValue::U64(number),
        ("as", list @ Variant::Array(_)) => list.try_into().map_or_else(|_| other(), RawValue::StrList),
        ("a(sss)", list @ Variant::Array(_)) => list.try_into().map_or_else(|_| other(), RawValue::Triples),
        _ => other(),
    }
}

pub(crate) fn variant(value: RawValue) -> Variant<'static> {
    match value {
        RawValue::Str(text) | RawValue::Other(text) => Variant::from(text),
        RawValue::StrList(list) => Variant::from(list),
        RawValue::Triples(list) => Variant::from(list),
        RawValue::Bool(on) => Variant::from(on),
        RawValue::U32(number) => Variant::from(number),
        RawValue::U64(number) => Variant::from(number),
    }
}

/// The options of a call: each may be taken once, with its type; what is left
/// over is unknown.
#[derive(Debug)]
pub(crate) struct Options(Dict);

impl Options {
    pub(crate) fn new(dict: Dict) -> Self {
        Self(dict)
    }

    /// The value of `key`, if it was given.
    pub(crate) fn take<T>(&mut self, key: &str, signature: &str) -> Result<Option<T>, Error>
    where
        T: TryFrom<OwnedVariant>,
    {
        let Some(value) = self.0.remove(key) else { return Ok(None) };
        let found = value.value_signature().to_string();
        let wrong = || Error::InvalidRequest(format!("{key}: has type {found:.80}, expected {signature}"));
        value.try_into().map(Some).map_err(|_| wrong())
    }

    /// Nothing may be left over.
    pub(crate) fn finish(self) -> Result<(), Error> {
        let mut unknown: Vec<String> = self.0.into_keys().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.truncate(20);
        let unknown: Vec<String> = unknown.iter().map(|key| dillinger_runner_core::problem::quoted(key)).collect();
        Err(Error::UnknownKey(format!("{}: no such option", unknown.join(", "))))
    }
}
