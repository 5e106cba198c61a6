//! Files for `regedit`.

use dillinger_runner_core::wine::{InvalidRegistryData, RegistryData};
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
    /// The data is not of the form that it begins with.
    #[error(transparent)]
    Data(#[from] InvalidRegistryData),
}

/// Types by their numbers in `winnt.h`.
const REG_SZ: u32 = 1;
const REG_QWORD: u32 = 11;

/// A file for `regedit` in the making.
#[derive(Debug, Default)]
pub struct RegFile {
    lines: String,
}

impl RegFile {
    /// Sets a value; an empty name is the key's default.
    pub fn set(&mut self, key: &str, name: &str, data: &RegistryData) -> Result<(), RegistryError> {
        let data = match data {
            RegistryData::Dword(number) => format!("dword:{number:08x}"),
            RegistryData::Qword(number) => hexadecimal(REG_QWORD, &number.to_le_bytes()),
            RegistryData::Bytes { kind, bytes } => hexadecimal(*kind, bytes),
            // As bytes there is nothing in it that could be taken for anything else.
            RegistryData::String(text) => {
                let units = text.encode_utf16().chain([0]);
                hexadecimal(REG_SZ, &units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
            }
        };
        self.line(key, name, &data)
    }

    /// Sets a value to a text.
    pub fn set_string(&mut self, key: &str, name: &str, text: &str) -> Result<(), RegistryError> {
        self.set(key, name, &RegistryData::String(text.to_owned()))
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

fn hexadecimal(kind: u32, bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hex({kind:x}):{}", bytes.join(","))
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
        let bytes = RegistryData::Bytes { kind: 0x100, bytes: vec![1, 255] };
        for (data, written) in [
            (RegistryData::Dword(42), "dword:0000002a"),
            (RegistryData::Qword(511), "hex(b):ff,01,00,00,00,00,00,00"),
            (bytes, "hex(100):01,ff"),
            (RegistryData::String("ö".to_owned()), "hex(1):f6,00,00,00"),
            (RegistryData::String(String::new()), "hex(1):00,00"),
        ] {
            let mut file = RegFile::default();
            file.set("HKCU", "", &data).unwrap();
            assert!(text(&file).ends_with(&format!("@={written}\r\n\r\n")), "{written}: {}", text(&file));
        }
    }

    #[test]
    fn a_file_that_regedit_reads() {
        let mut file = RegFile::default();
        assert!(file.is_empty());
        file.set(r"hkcu\Software\Wine\", "a \"b\\", &RegistryData::Dword(1)).unwrap();
        file.set_string(r"HKEY_LOCAL_MACHINE\X", "", "]\r\n").unwrap();
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
        assert_eq!(file.set("HKCU\\a]\r\n[HKLM", "x", &RegistryData::Dword(1)), control("HKCU\\a]\r\n[HKLM"));
        assert_eq!(file.set("HKCU\\a", "x\n", &RegistryData::Dword(1)), control("x\n"));
        assert_eq!(file.remove("Software", "x"), Err(RegistryError::Root("Software".to_owned())));
        assert!(file.is_empty());
    }
}
