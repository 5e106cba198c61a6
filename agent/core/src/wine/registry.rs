//! Data of values of the registry, in the forms of `.reg` files.

use crate::problem::quoted;

/// `REG_BINARY` of `winnt.h`, which `hex:` is without a type.
const REG_BINARY: u32 = 3;

/// The data of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegistryData {
    /// `str:…`, or a text of no other form: a `REG_SZ`.
    String(String),
    /// `dword:…`: a `REG_DWORD`.
    Dword(u32),
    /// `qword:…`: a `REG_QWORD`.
    Qword(u64),
    /// `hex:…` or `hex(TYPE):…`.
    Bytes {
        /// The type by its number in `winnt.h`.
        kind: u32,
        /// The bytes as the registry has them.
        bytes: Vec<u8>,
    },
}

/// The data is not of the form that it begins with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no data of a value, expected {expected}, or str: before a text", quoted(.data))]
pub struct InvalidRegistryData {
    data: String,
    expected: &'static str,
}

impl RegistryData {
    /// Reads what the key `Registry` and [`super::RegistryValue::data`] have.
    ///
    /// # Errors
    /// Data that begins as one of the forms, and what that form is.
    pub fn parse(text: &str) -> Result<Self, InvalidRegistryData> {
        let wrong = |expected| InvalidRegistryData { data: text.to_owned(), expected };
        if let Some(digits) = text.strip_prefix("dword:") {
            let number = hexadecimal(digits, 8).and_then(|number| u32::try_from(number).ok());
            number.map(Self::Dword).ok_or_else(|| wrong("dword: and 1 to 8 hexadecimal digits"))
        } else if let Some(digits) = text.strip_prefix("qword:") {
            hexadecimal(digits, 16).map(Self::Qword).ok_or_else(|| wrong("qword: and 1 to 16 hexadecimal digits"))
        } else if let Some(list) = text.strip_prefix("hex:") {
            let bytes = bytes(list).ok_or_else(|| wrong("hex: and bytes such as 01,ff"))?;
            Ok(Self::Bytes { kind: REG_BINARY, bytes })
        } else if let Some(rest) = text.strip_prefix("hex(") {
            typed(rest).ok_or_else(|| wrong("hex(TYPE): with 1 to 8 hexadecimal digits and bytes such as 01,ff"))
        } else {
            Ok(Self::String(text.strip_prefix("str:").unwrap_or(text).to_owned()))
        }
    }
}

/// `TYPE):…`, what follows `hex(`.
fn typed(text: &str) -> Option<RegistryData> {
    let (digits, list) = text.split_once("):")?;
    let kind = u32::try_from(hexadecimal(digits, 8)?).ok()?;
    Some(RegistryData::Bytes { kind, bytes: bytes(list)? })
}

fn bytes(list: &str) -> Option<Vec<u8>> {
    if list.is_empty() {
        return Some(Vec::new());
    }
    list.split(',').map(|byte| u8::try_from(hexadecimal(byte.trim(), 2)?).ok()).collect()
}

/// A number of one to so many digits and nothing else: the standard library would allow a sign.
fn hexadecimal(text: &str, most: usize) -> Option<u64> {
    let is_number = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| u64::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_every_form() {
        let bytes = |kind, bytes: &[u8]| RegistryData::Bytes { kind, bytes: bytes.to_vec() };
        let string = |text: &str| RegistryData::String(text.to_owned());
        for (form, data) in [
            ("dword:2a", RegistryData::Dword(42)),
            ("dword:0000001F", RegistryData::Dword(31)),
            ("qword:1ff", RegistryData::Qword(511)),
            ("qword:ffffffffffffffff", RegistryData::Qword(u64::MAX)),
            ("hex:01, 02,ff", bytes(3, &[1, 2, 255])),
            ("hex:", bytes(3, &[])),
            ("hex(2):25,00,00,00", bytes(2, &[0x25, 0, 0, 0])),
            ("hex(100):01", bytes(0x100, &[1])),
            ("hex(7):", bytes(7, &[])),
            ("str:dword:1", string("dword:1")),
            ("C:\\x:y", string("C:\\x:y")),
            ("dword", string("dword")),
            ("ö", string("ö")),
            ("", string("")),
        ] {
            assert_eq!(RegistryData::parse(form), Ok(data), "{form}");
        }
    }

    #[test]
    fn wrong_data_is_named_with_what_is_right() {
        for (wrong, said) in [
            ("dword:", "1 to 8 hexadecimal"),
            ("dword:100000000", "1 to 8 hexadecimal"),
            ("dword:+1", "1 to 8 hexadecimal"),
            ("dword:xyz", "1 to 8 hexadecimal"),
            ("qword:-1", "1 to 16 hexadecimal"),
            ("hex:1,,2", "01,ff"),
            ("hex:+1", "01,ff"),
            ("hex:100", "01,ff"),
            ("hex(abc", "hex(TYPE):"),
            ("hex(2:00", "hex(TYPE):"),
            ("hex(x):00", "hex(TYPE):"),
            ("hex(2):1,,2", "01,ff"),
        ] {
            let error = RegistryData::parse(wrong).unwrap_err().to_string();
            let expected = error.contains(said) && error.starts_with(&format!("\"{wrong}\"")) && error.contains("str:");
            assert!(expected, "{wrong}: {error}");
        }
    }
}
