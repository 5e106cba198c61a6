//! Files for `regedit`.

use std::fmt::Write;

/// Why a value cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The key is below none of the registry's roots.
    #[error("the registry key {0:?} does not begin with HKCU, HKLM, HKCR, HKU or HKCC")]
    Root(String),
    /// A key or name that no file for `regedit` can hold.
    #[error("{0:?} has a control character: no registry key or value can be named so")]
    Control(String),
    /// The data is not of the form that it says.
    #[error(
        "{0:?} is no registry data: write dword: with up to 8 hexadecimal digits, qword: with up to 16, hex: or hex(TYPE): with bytes between commas, or a text"
    )]
    Data(String),
}

/// The data of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A `REG_DWORD`.
    Dword(u32),
    /// Bytes of any type, by its number.
    Bytes(u32, Vec<u8>),
}

/// Types by their numbers in `winnt.h`.
const REG_SZ: u32 = 1;
const REG_BINARY: u32 = 3;
const REG_QWORD: u32 = 11;

impl Data {
    /// Reads data as a [`dillinger_runner_core::wine::RegistryValue`] has it.
    pub fn parse(text: &str) -> Result<Self, RegistryError> {
        let wrong = || RegistryError::Data(text.to_owned());
        if let Some(digits) = text.strip_prefix("dword:") {
            u32::from_str_radix(digits, 16).map(Self::Dword).map_err(|_| wrong())
        } else if let Some(digits) = text.strip_prefix("qword:") {
            let number = u64::from_str_radix(digits, 16).map_err(|_| wrong())?;
            Ok(Self::Bytes(REG_QWORD, number.to_le_bytes().to_vec()))
        } else if let Some(bytes) = text.strip_prefix("hex:") {
            Ok(Self::Bytes(REG_BINARY, hexadecimal(bytes).ok_or_else(wrong)?))
        } else if let Some(rest) = text.strip_prefix("hex(") {
            let (kind, bytes) = rest.split_once("):").ok_or_else(wrong)?;
            let kind = u32::from_str_radix(kind, 16).map_err(|_| wrong())?;
            Ok(Self::Bytes(kind, hexadecimal(bytes).ok_or_else(wrong)?))
        } else {
            Ok(Self::string(text.strip_prefix("str:").unwrap_or(text)))
        }
    }

    /// A `REG_SZ`.
    pub fn string(text: &str) -> Self {
        let units = text.encode_utf16().chain([0]);
        Self::Bytes(REG_SZ, units.flat_map(u16::to_le_bytes).collect())
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.split(',').map(|byte| u8::from_str_radix(byte.trim(), 16).ok()).collect()
}

/// A file for `regedit` in the making.
#[derive(Debug, Default)]
pub struct RegFile {
    lines: String,
}

impl RegFile {
    /// Sets a value; an empty name is the key's default.
    pub fn set(&mut self, key: &str, name: &str, data: &Data) -> Result<(), RegistryError> {
        let data = match data {
            Data::Dword(number) => format!("dword:{number:08x}"),
            // Strings too: as bytes there is nothing in them that could be taken for anything else.
            Data::Bytes(kind, bytes) => {
                let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("hex({kind:x}):{}", bytes.join(","))
            }
        };
        self.line(key, name, &data)
    }

    /// Removes a value, if it is there.
    pub fn remove(&mut self, key: &str, name: &str) -> Result<(), RegistryError> {
        self.line(key, name, "-")
    }

    fn line(&mut self, key: &str, name: &str, data: &str) -> Result<(), RegistryError> {
        let key = full(key)?;
        if name.contains(char::is_control) {
            return Err(RegistryError::Control(name.to_owned()));
        }
        let name = match name {
            "" => "@".to_owned(),
            _ => format!("\"{}\"", name.replace('\\', r"\\").replace('"', "\\\"")),
        };
        // Writing to a text cannot fail.
        let _ = write!(self.lines, "[{key}]\r\n{name}={data}\r\n\r\n");
        Ok(())
    }

    /// Whether nothing is set or removed.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The whole file, in UTF-16 with its mark.
    pub fn bytes(&self) -> Vec<u8> {
        let head = "\u{feff}Windows Registry Editor Version 5.00\r\n\r\n".encode_utf16();
        head.chain(self.lines.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }
}

/// A key with the long name of its root, which such a file needs.
fn full(key: &str) -> Result<String, RegistryError> {
    if key.contains(char::is_control) {
        return Err(RegistryError::Control(key.to_owned()));
    }
    let (root, rest) = key.split_once('\\').unwrap_or((key, ""));
    let root = match root.to_ascii_uppercase().as_str() {
        "HKCU" | "HKEY_CURRENT_USER" => "HKEY_CURRENT_USER",
        "HKLM" | "HKEY_LOCAL_MACHINE" => "HKEY_LOCAL_MACHINE",
        "HKCR" | "HKEY_CLASSES_ROOT" => "HKEY_CLASSES_ROOT",
        "HKU" | "HKEY_USERS" => "HKEY_USERS",
        "HKCC" | "HKEY_CURRENT_CONFIG" => "HKEY_CURRENT_CONFIG",
        _ => return Err(RegistryError::Root(key.to_owned())),
    };
    let rest = rest.trim_end_matches('\\');
    Ok(if rest.is_empty() { root.to_owned() } else { format!("{root}\\{rest}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(file: &RegFile) -> String {
        let units: Vec<u16> = file.bytes().chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).unwrap()
    }

    #[test]
    fn data_of_every_form() {
        for (form, data) in [
            ("dword:2a", Data::Dword(42)),
            ("qword:1ff", Data::Bytes(11, vec![0xff, 1, 0, 0, 0, 0, 0, 0])),
            ("hex:01, 02,ff", Data::Bytes(3, vec![1, 2, 255])),
            ("hex:", Data::Bytes(3, vec![])),
            ("hex(2):25,00,00,00", Data::Bytes(2, vec![0x25, 0, 0, 0])),
            ("str:dword:1", Data::string("dword:1")),
            ("ö", Data::Bytes(1, vec![0xf6, 0, 0, 0])),
            ("", Data::Bytes(1, vec![0, 0])),
        ] {
            assert_eq!(Data::parse(form).unwrap(), data, "{form}");
        }
        for wrong in
            ["dword:", "dword:100000000", "dword:x", "qword:-1", "hex:1,,2", "hex:100", "hex(2:00", "hex(x):00"]
        {
            assert_eq!(Data::parse(wrong), Err(RegistryError::Data(wrong.to_owned())));
        }
    }

    #[test]
    fn a_file_that_regedit_reads() {
        let mut file = RegFile::default();
        assert!(file.is_empty());
        file.set(r"hkcu\Software\Wine\", "a \"b\\", &Data::Dword(1)).unwrap();
        file.set(r"HKEY_LOCAL_MACHINE\X", "", &Data::string("]\r\n")).unwrap();
        file.remove("HKCU", "gone").unwrap();
        let expected = "\u{feff}Windows Registry Editor Version 5.00\r\n\r\n\
            [HKEY_CURRENT_USER\\Software\\Wine]\r\n\"a \\\"b\\\\\"=dword:00000001\r\n\r\n\
            [HKEY_LOCAL_MACHINE\\X]\r\n@=hex(1):5d,00,0d,00,0a,00,00,00\r\n\r\n\
            [HKEY_CURRENT_USER]\r\n\"gone\"=-\r\n\r\n";
        assert_eq!(text(&file), expected);
    }

    #[test]
    fn what_would_be_another_line_is_refused() {
        let mut file = RegFile::default();
        let control = |text: &str| Err(RegistryError::Control(text.to_owned()));
        assert_eq!(file.set("HKCU\\a]\r\n[HKLM", "x", &Data::Dword(1)), control("HKCU\\a]\r\n[HKLM"));
        assert_eq!(file.set("HKCU\\a", "x\n", &Data::Dword(1)), control("x\n"));
        assert_eq!(file.remove("Software", "x"), Err(RegistryError::Root("Software".to_owned())));
        assert!(file.is_empty());
    }
}
