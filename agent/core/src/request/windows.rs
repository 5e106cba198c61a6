//! The keys of Windows games.

use super::check;
use crate::problem::quoted;
use crate::wine::{RegistryData, RegistryValue};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a session is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Playing.
    #[default]
    Game,
    /// Running a setup program.
    Install,
}

impl Kind {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Game => "game",
            Self::Install => "install",
        }
    }
}

/// Something that is on, off, or as it fits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Switch {
    /// As it fits.
    #[default]
    Auto,
    /// On.
    On,
    /// Off.
    Off,
}

impl Switch {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

/// How Wine synchronizes threads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Synchronization {
    /// With the best that the host has.
    #[default]
    Auto,
    /// In the kernel, through `/dev/ntsync`.
    Ntsync,
    /// With `futex_waitv(2)`.
    Fsync,
    /// With `eventfd(2)`.
    Esync,
    /// In the wineserver.
    None,
}

impl Synchronization {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Ntsync => "ntsync",
            Self::Fsync => "fsync",
            Self::Esync => "esync",
            Self::None => "none",
        }
    }
}

/// The keys of Windows games, as asked for; `None` is "not said".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WindowsRequest {
    pub(crate) kind: Option<Kind>,
    pub(crate) install_directory: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) desktop: Option<String>,
    pub(crate) overrides: Option<Vec<String>>,
    pub(crate) registry: Option<Vec<RegistryValue>>,
    pub(crate) dxvk: Option<Switch>,
    pub(crate) vkd3d: Option<Switch>,
    pub(crate) hud: Option<String>,
    pub(crate) debug: Option<String>,
    pub(crate) verbs: Option<Vec<String>>,
    pub(crate) locale: Option<String>,
    pub(crate) synchronization: Option<Synchronization>,
    pub(crate) snapshot: Option<bool>,
}

/// The keys that belong to Windows games alone, besides `RunnerVersion`.
pub(crate) const KEYS: [&str; 17] = [
    "Executable",
    "Arguments",
    "Prefix",
    "Kind",
    "InstallDirectory",
    "WindowsVersion",
    "VirtualDesktop",
    "DllOverrides",
    "Registry",
    "Dxvk",
    "Vkd3d",
    "Hud",
    "WineDebug",
    "Winetricks",
    "Locale",
    "Synchronization",
    "SnapshotPrefix",
];

/// The versions that winecfg(1) knows.
const VERSIONS: [&str; 15] = [
    "",
    "win11",
    "win10",
    "win81",
    "win8",
    "win7",
    "win2008r2",
    "win2008",
    "vista",
    "win2003",
    "winxp64",
    "winxp",
    "win2k",
    "win98",
    "win95",
];
/// Load orders of `WINEDLLOVERRIDES`, wine(1).
const LOAD_ORDERS: [&str; 9] = ["n,b", "b,n", "n", "b", "d", "native,builtin", "builtin,native", "native", "builtin"];
/// Root keys of the registry by the names that `.reg` files and people use.
const ROOTS: [&str; 10] = [
    "HKCU",
    "HKLM",
    "HKCR",
    "HKU",
    "HKCC",
    "HKEY_CURRENT_USER",
    "HKEY_LOCAL_MACHINE",
    "HKEY_CLASSES_ROOT",
    "HKEY_USERS",
    "HKEY_CURRENT_CONFIG",
];

impl WindowsRequest {
    /// Takes over a text key; `None` if it is none of these.
    pub(super) fn set_text(&mut self, key: &str, text: &str) -> Option<Result<(), String>> {
        Some(match key {
            "Kind" => kind(text).map(|kind| self.kind = Some(kind)),
            "InstallDirectory" => relative_directory(text).map(|path| self.install_directory = path),
            "WindowsVersion" => check::word(text, &VERSIONS).map(|word| self.version = Some(word)),
            "VirtualDesktop" => desktop(text).map(|size| self.desktop = Some(size)),
            "Dxvk" => switch(text).map(|switch| self.dxvk = Some(switch)),
            "Vkd3d" => switch(text).map(|switch| self.vkd3d = Some(switch)),
            "Hud" => plain(text, ",.=_:-").map(|hud| self.hud = Some(hud)),
            "WineDebug" => plain(text, ",+-_:").map(|channels| self.debug = Some(channels)),
            "Locale" => plain(text, "._@-").map(|locale| self.locale = Some(locale)),
            "Synchronization" => synchronization(text).map(|way| self.synchronization = Some(way)),
            _ => return None,
        })
    }

    /// Takes over a list key; `None` if it is none of these.
    pub(super) fn set_list(&mut self, key: &str, list: &[String]) -> Option<Result<(), String>> {
        Some(match key {
            "DllOverrides" => overrides(list).map(|list| self.overrides = Some(list)),
            "Winetricks" => verbs(list).map(|list| self.verbs = Some(list)),
            _ => return None,
        })
    }

    /// Takes over `Registry`.
    pub(super) fn set_registry(&mut self, list: &[(String, String, String)]) -> Result<(), String> {
        let values: Vec<RegistryValue> = list.iter().map(registry_value).collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        for value in &values {
            if !names.insert((value.key.to_lowercase(), value.name.to_lowercase())) {
                return Err(format!("the value {} of {} stands twice", quoted(&value.name), quoted(&value.key)));
            }
        }
        self.registry = Some(values);
        Ok(())
    }
}

fn kind(text: &str) -> Result<Kind, String> {
    let word = check::word(text, &["game", "install"])?;
    Ok(if word == "install" { Kind::Install } else { Kind::Game })
}

fn switch(text: &str) -> Result<Switch, String> {
    Ok(match check::word(text, &["auto", "on", "off"])?.as_str() {
        "on" => Switch::On,
        "off" => Switch::Off,
        _ => Switch::Auto,
    })
}

fn synchronization(text: &str) -> Result<Synchronization, String> {
    Ok(match check::word(text, &["auto", "ntsync", "fsync", "esync", "none"])?.as_str() {
        "ntsync" => Synchronization::Ntsync,
        "fsync" => Synchronization::Fsync,
        "esync" => Synchronization::Esync,
        "none" => Synchronization::None,
        _ => Synchronization::Auto,
    })
}

/// A path below the library; empty is none.
fn relative_directory(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    let escapes = text.starts_with('/') || parts.iter().any(|part| matches!(*part, "." | ".."));
    if escapes || parts.is_empty() || text.len() > check::PATH_MAX {
        return Err(format!("{} is not a directory below the library, expected such as Games/Doom", quoted(text)));
    }
    if parts.iter().any(|part| part.contains(['\\', ':', ','])) {
        return Err(format!("{} has a character that no mounted directory can have: \\ : ,", quoted(text)));
    }
    Ok(Some(parts.join("/")))
}

/// `WIDTHxHEIGHT` in pixels; empty is none.
fn desktop(text: &str) -> Result<String, String> {
    let side = |text: &str| text.parse::<u32>().is_ok_and(|side| (160..=7680).contains(&side));
    if text.is_empty() || text.split_once('x').is_some_and(|(width, height)| side(width) && side(height)) {
        return Ok(text.to_owned());
    }
    Err(format!("{} is no size, expected such as 1280x720, each side 160 to 7680", quoted(text)))
}

/// Words of letters, digits and these signs.
fn plain(text: &str, more: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || more.contains(c);
    match text.chars().find(|c| !allowed(*c)) {
        Some(wrong) => Err(format!("has {wrong:?} in it, expected letters, digits and {more}")),
        None if text.len() > 1024 => Err(format!("is {} bytes long, expected at most 1024", text.len())),
        None => Ok(text.to_owned()),
    }
}

/// `NAME=ORDER` each, with the orders of `WINEDLLOVERRIDES`; an empty order
/// switches the DLL off.
fn overrides(list: &[String]) -> Result<Vec<String>, String> {
    let mut names = BTreeSet::new();
    list.iter()
        .map(|entry| {
            let expected = || {
                let name = quoted(entry);
                format!("{name} is no override, expected NAME=ORDER with one of {} or nothing", LOAD_ORDERS.join(" "))
            };
            let (name, order) = entry.split_once('=').ok_or_else(expected)?;
            let letters = |c: char| c.is_ascii_alphanumeric() || "._-+*".contains(c);
            if name.is_empty() || !name.chars().all(letters) || !(order.is_empty() || LOAD_ORDERS.contains(&order)) {
                return Err(expected());
            }
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(format!("{} stands twice", quoted(name)));
            }
            Ok(entry.clone())
        })
        .collect()
}

fn verbs(list: &[String]) -> Result<Vec<String>, String> {
    for verb in list {
        let letters = |c: char| c.is_ascii_alphanumeric() || "_=-.".contains(c);
        let starts_well = verb.starts_with(|c: char| c.is_ascii_alphanumeric());
        if !starts_well || !verb.chars().all(letters) {
            return Err(format!("{} is no verb of winetricks, expected such as corefonts", quoted(verb)));
        }
        // What removes the prefix, or is for another one.
        if verb == "annihilate" || verb.starts_with("prefix=") {
            return Err(format!(
                "{} is a verb for whole prefixes, which are the agent's to make and remove",
                quoted(verb)
            ));
        }
    }
    Ok(list.to_vec())
}

fn registry_value((key, name, data): &(String, String, String)) -> Result<RegistryValue, String> {
    let root = key.split('\\').next().unwrap_or_default().to_ascii_uppercase();
    if !ROOTS.contains(&root.as_str()) || key.split('\\').any(str::is_empty) {
        return Err(format!("{} is no key, expected such as HKCU\\Software\\Game", quoted(key)));
    }
    for text in [key, name, data] {
        check::bounded(text, 16_384)?;
        if text.chars().any(char::is_control) {
            return Err(format!("{} has a control character in it", quoted(text)));
        }
    }
    RegistryData::parse(data).map_err(|error| error.to_string())?;
    Ok(RegistryValue { key: key.clone(), name: name.clone(), data: data.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_forms_are_refused_with_what_is_right() {
        let mut request = WindowsRequest::default();
        for (key, text, said) in [
            ("Kind", "setup", "game, install"),
            ("InstallDirectory", "/etc", "below the library"),
            ("InstallDirectory", "a/../b", "below the library"),
            ("InstallDirectory", "a:b", "\\ : ,"),
            ("WindowsVersion", "win12", "win11"),
            ("VirtualDesktop", "1280", "1280x720"),
            ("VirtualDesktop", "1x1", "160"),
            ("Dxvk", "yes", "auto, on, off"),
            ("Hud", "fps;rm", "';'"),
            ("WineDebug", "+seh %", "' '"),
            ("Locale", "de DE", "' '"),
            ("Synchronization", "futex", "ntsync"),
        ] {
            let error = request.set_text(key, text).unwrap().unwrap_err();
            assert!(error.contains(said), "{key}={text}: {error}");
        }
        assert!(request.set_text("Title", "x").is_none());
        let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (key, words, said) in [
            ("DllOverrides", list(&["d3d9"]), "NAME=ORDER"),
            ("DllOverrides", list(&["d3d9=x"]), "n,b"),
            ("DllOverrides", list(&["d3d9=n", "D3D9=b"]), "twice"),
            ("DllOverrides", list(&["a;b=n"]), "NAME=ORDER"),
            ("Winetricks", list(&["-q"]), "corefonts"),
            ("Winetricks", list(&["a b"]), "corefonts"),
            ("Winetricks", list(&["annihilate"]), "whole prefixes"),
        ] {
            let error = request.set_list(key, &words).unwrap().unwrap_err();
            assert!(error.contains(said), "{key} {words:?}: {error}");
        }
    }

    #[test]
    fn values_of_the_registry() {
        let mut request = WindowsRequest::default();
        let value = |key: &str, name: &str, data: &str| (key.to_owned(), name.to_owned(), data.to_owned());
        for data in [
            "dword:0000001f",
            "qword:1",
            "hex:01,ff",
            "hex(2):41,00",
            "hex(100):01",
            "hex:",
            "C:\\x:y",
            "str:dword:1",
            "",
        ] {
            assert_eq!(request.set_registry(&[value("HKCU\\Software\\A", "b", data)]), Ok(()), "{data}");
        }
        for (key, data, said) in [
            ("Software\\A", "x", "HKCU"),
            ("HKCU\\\\A", "x", "HKCU"),
            ("HKCU\\A", "dword:xyz", "8 hexadecimal"),
            ("HKCU\\A", "hex:1,,2", "01,ff"),
            ("HKCU\\A", "hex(abc", "hex(TYPE):"),
            ("HKCU\\A\n[HKLM]", "x", "control"),
        ] {
            let error = request.set_registry(&[value(key, "b", data)]).unwrap_err();
            assert!(error.contains(said), "{key} {data}: {error}");
        }
        let twice = [value("HKCU\\A", "b", "1"), value("hkcu\\a", "B", "2")];
        assert!(request.set_registry(&twice).unwrap_err().contains("twice"));
    }
}
