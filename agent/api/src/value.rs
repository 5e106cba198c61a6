//! Values of requests and answers: `a{sv}` and what it may hold.

use std::collections::HashMap;
use zbus::{OwnedVariant, Variant};

/// A dictionary as it is received.
pub type Dict = HashMap<String, OwnedVariant>;

/// The value of a request key, by its D-Bus type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `s`
    Text(String),
    /// `as`
    List(Vec<String>),
    /// `a(sss)`
    Triples(Vec<(String, String, String)>),
    /// `b`
    Bool(bool),
    /// `u`
    U32(u32),
    /// `t`
    U64(u64),
}

impl Value {
    /// D-Bus signature of the value.
    #[must_use]
    pub fn signature(&self) -> &'static str {
        match self {
            Self::Text(_) => "s",
            Self::List(_) => "as",
            Self::Triples(_) => "a(sss)",
            Self::Bool(_) => "b",
            Self::U32(_) => "u",
            Self::U64(_) => "t",
        }
    }

    /// The value after `later` was given for the same key: lists grow, as those of unit files do,
    /// an empty one empties them; everything else is replaced.
    #[must_use]
    pub fn followed_by(self, later: Self) -> Self {
        match (self, later) {
            (Self::List(mut all), Self::List(more)) if !more.is_empty() => {
                all.extend(more);
                Self::List(all)
            }
            (Self::Triples(mut all), Self::Triples(more)) if !more.is_empty() => {
                all.extend(more);
                Self::Triples(all)
            }
            (_, later) => later,
        }
    }
}

impl From<Value> for Variant<'static> {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(text) => text.into(),
            Value::List(list) => list.into(),
            Value::Triples(list) => list.into(),
            Value::Bool(on) => on.into(),
            Value::U32(number) => number.into(),
            Value::U64(number) => number.into(),
        }
    }
}

impl TryFrom<&Variant<'_>> for Value {
    type Error = zbus::Error;

    /// Fails with `IncorrectType` for any type that no request key has.
    fn try_from(variant: &Variant<'_>) -> Result<Self, zbus::Error> {
        let owned = || variant.try_clone();
        match variant.value_signature().to_string().as_str() {
            "s" => String::try_from(owned()?).map(Self::Text),
            "as" => Vec::try_from(owned()?).map(Self::List),
            "a(sss)" => Vec::try_from(owned()?).map(Self::Triples),
            "b" => bool::try_from(variant).map(Self::Bool),
            "u" => u32::try_from(variant).map(Self::U32),
            "t" => u64::try_from(variant).map(Self::U64),
            _ => Err(zbus::Error::IncorrectType),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_through_a_variant() {
        let triple = ("/a".to_owned(), "/b".to_owned(), "ro".to_owned());
        for value in [
            Value::Text("x".to_owned()),
            Value::List(vec!["a".to_owned(), String::new()]),
            Value::List(Vec::new()),
            Value::Triples(vec![triple]),
            Value::Triples(Vec::new()),
            Value::Bool(true),
            Value::U32(7),
            Value::U64(u64::MAX),
        ] {
            let variant: Variant<'static> = value.clone().into();
            assert_eq!(variant.value_signature().to_string(), value.signature());
            assert_eq!(Value::try_from(&variant).unwrap(), value);
        }
        assert!(Value::try_from(&Variant::from(1.0)).is_err());
    }

    #[test]
    fn lists_grow_and_scalars_are_replaced() {
        let list = |items: &[&str]| Value::List(items.iter().map(|s| (*s).to_owned()).collect());
        assert_eq!(list(&["a"]).followed_by(list(&["b"])), list(&["a", "b"]));
        assert_eq!(list(&["a"]).followed_by(list(&[])), list(&[]));
        assert_eq!(Value::U32(1).followed_by(Value::U32(2)), Value::U32(2));
    }
}
