//! Between dictionaries, structures and JSON.

use zbus::{OwnedVariant, Variant};

/// A field of a structure that is a dictionary on the bus.
pub trait Field: Sized {
    /// The field from the value of its key.
    fn read(value: Option<&OwnedVariant>) -> Self;
    /// The value of its key; `None` leaves the key out.
    fn write(self) -> Option<OwnedVariant>;
    /// True if the key is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

macro_rules! field {
    ($($ty:ty),*) => { $(
        impl Field for Option<$ty> {
            fn read(value: Option<&OwnedVariant>) -> Self {
                value.and_then(|value| <$ty>::try_from(value.try_clone().ok()?).ok())
            }
            fn write(self) -> Option<OwnedVariant> {
                self.and_then(|value| Variant::from(value).try_into_owned().ok())
            }
            fn is_absent(&self) -> bool {
                self.is_none()
            }
        }
        impl Field for $ty {
            fn read(value: Option<&OwnedVariant>) -> Self {
                Option::<$ty>::read(value).unwrap_or_default()
            }
            fn write(self) -> Option<OwnedVariant> {
                Some(self).write()
            }
        }
    )* };
}
field!(bool, i32, u32, u64, f64, String, Vec<String>);

/// Defines a structure whose fields are keys of a dictionary on the bus and of a JSON object.
macro_rules! dictionary {
    (
        $(#[$doc:meta])*
        $name:ident {
            $( $(#[$fdoc:meta])* $key:literal $field:ident : $ty:ty, )*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $name {
            $(
                $(#[$fdoc])*
                #[serde(rename = $key, skip_serializing_if = "crate::wire::Field::is_absent")]
                pub $field: $ty,
            )*
        }

        impl $name {
            /// From a dictionary as it is received.
            #[must_use]
            pub fn from_dict(dict: &crate::value::Dict) -> Self {
                Self { $( $field: crate::wire::Field::read(dict.get($key)), )* }
            }

            /// As a dictionary, with a key for every field that is known.
            #[must_use]
            pub fn into_dict(self) -> crate::value::Dict {
                let fields = [$( ($key, crate::wire::Field::write(self.$field)), )*];
                fields
                    .into_iter()
                    .filter_map(|(key, value)| Some((key.to_owned(), value?)))
                    .collect()
            }
        }
    };
}
pub(crate) use dictionary;

/// Any value as JSON: dictionaries as objects, structures as arrays.
#[must_use]
pub fn json(value: &Variant<'_>) -> serde_json::Value {
    match value {
        Variant::U8(number) => (*number).into(),
        Variant::Bool(on) => (*on).into(),
        Variant::I16(number) => (*number).into(),
        Variant::U16(number) => (*number).into(),
        Variant::I32(number) => (*number).into(),
        Variant::U32(number) => (*number).into(),
        Variant::I64(number) => (*number).into(),
        Variant::U64(number) => (*number).into(),
        Variant::F64(number) => (*number).into(),
        Variant::Str(text) => text.as_str().into(),
        Variant::Signature(signature) => signature.to_string().into(),
        Variant::ObjectPath(path) => path.as_str().into(),
        Variant::Variant(inner) => json(inner),
        Variant::Array(array) => array.inner().iter().map(json).collect(),
        Variant::Structure(structure) => structure.fields().iter().map(json).collect(),
        Variant::Dict(dict) => dict.iter().map(|(key, value)| (key_text(key), json(value))).collect(),
        Variant::Fd(_) => serde_json::Value::Null,
    }
}

fn key_text(key: &Variant<'_>) -> String {
    match json(key) {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn variants_as_json() {
        let dict = BTreeMap::from([("k", Variant::from(vec!["a", "b"]))]);
        let nested = Variant::from((1u64, "x", true, dict, 0.5));
        assert_eq!(json(&nested).to_string(), r#"[1,"x",true,{"k":["a","b"]},0.5]"#);
        assert_eq!(json(&Variant::from(u64::MAX)).to_string(), "18446744073709551615");
    }
}
