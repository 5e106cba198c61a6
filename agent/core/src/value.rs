//! A request as it arrives: names and typed values, nothing checked yet.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One value of a request, by its D-Bus type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RawValue {
    /// `s`
    Str(String),
    /// `as`
    StrList(Vec<String>),
    /// `a(sss)`
    Triples(Vec<(String, String, String)>),
    /// `b`
    Bool(bool),
    /// `u`
    U32(u32),
    /// `t`
    U64(u64),
    /// Any other type, by its D-Bus signature: always the wrong one.
    Other(String),
}

impl RawValue {
    /// The D-Bus signature of the value.
    pub fn signature(&self) -> &str {
        match self {
            Self::Str(_) => "s",
            Self::StrList(_) => "as",
            Self::Triples(_) => "a(sss)",
            Self::Bool(_) => "b",
            Self::U32(_) => "u",
            Self::U64(_) => "t",
            Self::Other(signature) => signature,
        }
    }
}

/// A whole request: key to value. The keys are those of [`crate::request`].
pub type RawRequest = BTreeMap<String, RawValue>;
