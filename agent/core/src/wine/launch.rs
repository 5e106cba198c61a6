//! What the agent tells the supervisor of a Windows session, and what that
//! reports: the two JSON files in the session's directory `/run/wine`.

use serde::{Deserialize, Serialize};

/// Where the supervisor is in the image.
pub const SUPERVISOR: &str = "/usr/libexec/dillinger-runner/dillinger-wine";
/// Where the session's directory of these files is in the container.
pub const DIRECTORY: &str = "/run/wine";
/// The agent's file in it, a [`Launch`].
pub const LAUNCH_FILE: &str = "launch.json";
/// The supervisor's file in it, a [`Report`].
pub const REPORT_FILE: &str = "report.json";
/// Where a build of the host is mounted.
pub const BUILD_DIRECTORY: &str = "/opt/build";
/// Where the prefix is in the container.
pub const PREFIX_DIRECTORY: &str = "/prefix";
/// The name of the Windows user, whoever the user of the host is.
pub const WINDOWS_USER: &str = "player";
/// The name that every Proton build gives its Windows user.
pub const PROTON_USER: &str = "steamuser";
/// The most bytes of a [`Report`] that are read: a game can write there too.
pub const REPORT_MAX: u64 = 1 << 20;

/// What runs Windows programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tool {
    /// Wine: the image's, or a build of the host with `bin/wine`.
    Wine,
    /// A Proton build of the host, through its own script `proton`.
    Proton,
}

/// How a program is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramKind {
    /// A Windows program.
    Exe,
    /// A batch file, through `cmd /c`.
    Batch,
    /// A shortcut (`.lnk`), through `start /wait`.
    Shortcut,
    /// An installation package, through `msiexec /i`.
    Msi,
}

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its path as Windows writes it, such as `D:\Game\game.exe`.
    pub path: String,
    /// How it is started.
    pub kind: ProgramKind,
    /// Its arguments, one each.
    pub arguments: Vec<String>,
    /// Its working directory as Windows writes it; `None` is the program's own.
    pub directory: Option<String>,
}

/// One value of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryValue {
    /// The key, such as `HKCU\Software\Wine`.
    pub key: String,
    /// Name of the value; empty for the key's default.
    pub name: String,
    /// The data as `.reg` files write it: `dword:…`, `qword:…`, `hex:…`, `hex(2):…`;
    /// `str:…` and everything else is a string.
    pub data: String,
}

/// What a prefix is to have before the program starts. What it has already is
/// recorded in the prefix, so that a prefix that is as it should be costs nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixSettings {
    /// The version that Windows claims to be (`win10`, `winxp64`), as in winecfg.
    pub windows_version: Option<String>,
    /// Size of the virtual desktop as `WIDTHxHEIGHT`; none without one.
    pub virtual_desktop: Option<String>,
    /// Values to set.
    pub registry: Vec<RegistryValue>,
    /// Whether Direct3D 8 to 11 goes through DXVK.
    pub dxvk: bool,
    /// winetricks verbs, applied once each, in this order.
    pub verbs: Vec<String>,
}

/// What the supervisor is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// What runs Windows programs.
    pub tool: Tool,
    /// Whether that is the host's build at [`BUILD_DIRECTORY`] or the image's own.
    pub host_build: bool,
    /// The program; `None` makes the prefix and ends.
    pub program: Option<Program>,
    /// What the prefix is to have.
    pub settings: PrefixSettings,
    /// Whether the prefix was last used with another build and is to be brought up
    /// to this one (`wineboot -u`).
    pub migrate: bool,
    /// Whether to report what the program added to the prefix and to
    /// [`Self::install_directory`].
    pub install: bool,
    /// Path in the container of the directory of the library that an installer may write.
    pub install_directory: Option<String>,
    /// How long windows may take to close after SIGTERM before their programs are
    /// ended, in µs. The container is killed when twice this time is over.
    pub close_usec: u64,
}

/// What an installer added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// Number of files.
    pub files: u64,
    /// Their size together in bytes.
    pub bytes: u64,
    /// Programs among them, as Windows writes their paths; at most 100.
    pub executables: Vec<String>,
    /// Names of the programs that are now listed as installed (`DisplayName` below
    /// `HKLM\Software\Microsoft\Windows\CurrentVersion\Uninstall`); at most 100.
    pub programs: Vec<String>,
}

/// Most bytes of a text in a report, of a name in it, and most names of a kind.
const TEXT_MAX: usize = 4096;
const NAME_MAX: usize = 512;
const NAMES_MAX: usize = 100;

/// `ERROR_SUCCESS_REBOOT_INITIATED` and `ERROR_SUCCESS_REBOOT_REQUIRED` of Windows Installer.
const RESTARTS: [u32; 2] = [1641, 3010];

impl Report {
    /// True for an installer that is done and would have Windows restarted, which a
    /// prefix does at each start.
    #[must_use]
    pub fn wants_restart(&self) -> bool {
        self.installed.is_some() && self.exit_code.is_some_and(|code| RESTARTS.contains(&code))
    }

    /// The same without what a supervisor does not write: a game can write there too, and its words go to the bus, to
    /// files and to people. No control characters, texts and lists of bounded length.
    #[must_use]
    pub fn bounded(self) -> Self {
        let names = |list: Vec<String>| list.iter().take(NAMES_MAX).map(|name| bounded(name, NAME_MAX)).collect();
        Self {
            exit_code: self.exit_code,
            exception: self.exception,
            program: self.program.map(|name| bounded(&name, NAME_MAX)),
            error: self.error.map(|text| bounded(&text, TEXT_MAX)),
            verbs: names(self.verbs),
            installed: self.installed.map(|installed| Installed {
                executables: names(installed.executables),
                programs: names(installed.programs),
                ..installed
            }),
        }
    }
}

fn bounded(text: &str, most: usize) -> String {
    let mut short = String::new();
    for character in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if short.len() + character.len_utf8() > most {
            break;
        }
        short.push(character);
    }
    short
}

/// How it went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Exit code of the game; none if no program was started or all were killed.
    pub exit_code: Option<u32>,
    /// The exception that ended it, if one did (`NTSTATUS`).
    pub exception: Option<u32>,
    /// File name of the program whose code that is.
    pub program: Option<String>,
    /// Why no program could be started.
    pub error: Option<String>,
    /// winetricks verbs that the prefix has now.
    pub verbs: Vec<String>,
    /// What an installer added.
    pub installed: Option<Installed>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_bounded_whatever_a_game_has_written() {
        let long = "ä".repeat(10_000);
        let installed = Installed {
            executables: vec![long.clone(); 200],
            programs: vec!["a\u{1}b".into()],
            ..Installed::default()
        };
        let report = Report {
            error: Some("a\0b\nc".to_owned()),
            program: Some(long.clone()),
            verbs: vec![long],
            installed: Some(installed),
            ..Report::default()
        };
        let bounded = report.bounded();
        assert_eq!(bounded.error.as_deref(), Some("a b c"));
        assert_eq!((bounded.program.unwrap().len(), bounded.verbs[0].len()), (NAME_MAX, NAME_MAX));
        let installed = bounded.installed.unwrap();
        assert_eq!((installed.executables.len(), installed.programs), (NAMES_MAX, vec!["a b".to_owned()]));
    }
}
