//! Settings of a prefix that are values of its registry.

use super::record::Record;
use crate::processes::Processes;
use crate::registry::{RegFile, RegistryError};
use crate::scratch;
use crate::wine::Wine;
use anyhow::Context;
use dillinger_runner_core::wine::{PrefixSettings, RegistryData};
use std::fs;

/// Version of [`base`]: a prefix with an older one gets all of it again.
const BASE: u32 = 1;
/// What Wine claims to be if nobody says anything.
const DEFAULT_VERSION: &str = "win10";

/// Sets what the prefix does not have yet.
pub(super) fn apply(
    wanted: &PrefixSettings,
    record: &mut Record,
    wine: &Wine,
    processes: &Processes,
) -> anyhow::Result<()> {
    if record.windows_version != wanted.windows_version {
        let version = wanted.windows_version.as_deref().unwrap_or(DEFAULT_VERSION);
        let status = processes.run(wine.command(["winecfg.exe", "-v", version]))?;
        anyhow::ensure!(status == 0, "the Windows version {version} was not set: winecfg ended with status {status}");
        record.windows_version.clone_from(&wanted.windows_version);
        record.write(wine.prefix())?;
    }
    let file = changes(wanted, record)?;
    if !file.is_empty() {
        import(&file, wine, processes)?;
        record.base = BASE;
        record.virtual_desktop.clone_from(&wanted.virtual_desktop);
        for value in &wanted.registry {
            record.registry.retain(|old| (&old.key, &old.name) != (&value.key, &value.name));
            record.registry.push(value.clone());
        }
        record.write(wine.prefix())?;
        // The desktop and the drivers read their values once, when the first of Wine's programs starts.
        processes.end_all();
    }
    Ok(())
}

/// The registry values that are missing.
fn changes(wanted: &PrefixSettings, record: &Record) -> Result<RegFile, RegistryError> {
    let mut file = RegFile::default();
    if record.base != BASE {
        base(&mut file)?;
    }
    if record.virtual_desktop != wanted.virtual_desktop {
        const EXPLORER: &str = r"HKCU\Software\Wine\Explorer";
        if let Some(size) = &wanted.virtual_desktop {
            file.set_string(EXPLORER, "Desktop", "Default")?;
            file.set_string(&format!(r"{EXPLORER}\Desktops"), "Default", size)?;
        } else {
            file.remove(EXPLORER, "Desktop")?;
        }
    }
    for value in wanted.registry.iter().filter(|value| !record.registry.contains(value)) {
        file.set(&value.key, &value.name, &RegistryData::parse(&value.data)?)?;
    }
    Ok(file)
}

/// The debugger that shows the place of a crash. By itself (`--auto`) it lets a program go on behind an exception that
/// the program has raised, such as those of C++ and .NET; with `pass` that ends it, and its exit code is the exception's.
const DEBUGGER: &str = r"C:\windows\system32\winedbg.exe --command pass %ld %ld";
/// The same for programs of 32 bits, whose own debugger cannot do that.
const DEBUGGER_32: &str = r"C:\windows\sysnative\winedbg.exe --command pass %ld %ld";

/// What every prefix has: the place of a crash goes to the log, not into a dialog that nobody may ever answer. And at
/// its start nothing looks for menus, of which there are none.
fn base(file: &mut RegFile) -> Result<(), RegistryError> {
    file.set(r"HKCU\Software\Wine\WineDbg", "ShowCrashDialog", &RegistryData::Dword(0))?;
    for (software, debugger) in [("Software", DEBUGGER), (r"Software\Wow6432Node", DEBUGGER_32)] {
        let key = format!(r"HKLM\{software}\Microsoft\Windows NT\CurrentVersion\AeDebug");
        file.set_string(&key, "Debugger", debugger)?;
    }
    file.remove(r"HKLM\Software\Microsoft\Windows\CurrentVersion\RunServices", "winemenubuilder")
}

fn import(file: &RegFile, wine: &Wine, processes: &Processes) -> anyhow::Result<()> {
    let path = scratch::file("settings.reg")?;
    fs::write(&path, file.bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    let name = scratch::windows_path(&path);
    let status = processes.run(wine.command(["regedit.exe", "/S", &name]))?;
    anyhow::ensure!(status == 0, "the registry values were not set: regedit ended with status {status}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dillinger_runner_core::wine::RegistryValue;

    fn lines(wanted: &PrefixSettings, record: &Record) -> Vec<String> {
        let bytes = changes(wanted, record).unwrap().bytes();
        let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        let text = String::from_utf16(&units).unwrap();
        text.lines().skip(2).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    fn value(data: &str) -> RegistryValue {
        RegistryValue { key: r"HKCU\Software\X".to_owned(), name: "y".to_owned(), data: data.to_owned() }
    }

    #[test]
    fn only_what_is_missing_is_set() {
        let wanted = PrefixSettings { registry: vec![value("dword:1")], ..PrefixSettings::default() };
        let own = [r"[HKEY_CURRENT_USER\Software\X]", "\"y\"=dword:00000001"];
        let all = lines(&wanted, &Record::default());
        assert!(all.contains(&"\"ShowCrashDialog\"=dword:00000000".to_owned()), "what every prefix has");
        assert!(all.ends_with(&own.map(str::to_owned)));
        let mut record = Record { base: BASE, ..Record::default() };
        assert_eq!(lines(&wanted, &record), own);
        record.registry.push(value("dword:2"));
        assert_eq!(lines(&wanted, &record), own);
        record.registry.push(value("dword:1"));
        assert!(lines(&wanted, &record).is_empty());
        assert!(lines(&PrefixSettings::default(), &record).is_empty(), "a value that is not asked for any more stays");
    }

    #[test]
    fn a_virtual_desktop_comes_and_goes() {
        let wanted = PrefixSettings { virtual_desktop: Some("800x600".to_owned()), ..PrefixSettings::default() };
        let mut record = Record { base: BASE, ..Record::default() };
        assert!(lines(&wanted, &record).contains(&r"[HKEY_CURRENT_USER\Software\Wine\Explorer\Desktops]".to_owned()));
        record.virtual_desktop.clone_from(&wanted.virtual_desktop);
        assert!(lines(&wanted, &record).is_empty());
        let gone = [r"[HKEY_CURRENT_USER\Software\Wine\Explorer]", "\"Desktop\"=-"];
        assert_eq!(lines(&PrefixSettings::default(), &record), gone);
    }

    #[test]
    fn wrong_data_is_an_error_that_names_it() {
        let wanted = PrefixSettings { registry: vec![value("dword:no")], ..PrefixSettings::default() };
        let error = changes(&wanted, &Record::default()).unwrap_err();
        assert!(error.to_string().contains("\"dword:no\" is no data of a value, expected dword:"), "{error}");
    }
}
