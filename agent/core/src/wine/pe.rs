//! What a file is that somebody wants to start, from its first bytes.
//!
//! The formats: Microsoft's "PE Format" for `MZ`, `PE` and its subsystems, [MS-SHLLINK] 2.1 for shortcuts,
//! [MS-CFB] 2.2 for the container of installation packages, elf(5) for programs of Linux.
//!
//! [MS-SHLLINK]: https://learn.microsoft.com/openspecs/windows_protocols/ms-shllink
//! [MS-CFB]: https://learn.microsoft.com/openspecs/windows_protocols/ms-cfb

use super::ProgramKind;
use std::fmt;

/// How many bytes from its beginning [`FileKind::identify`] wants to see of a file, if it has so many.
pub const HEADER_BYTES: usize = 4096;

/// The processor that a Windows program is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Machine {
    /// 32-bit x86.
    X86,
    /// 64-bit x86.
    X86_64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Arm64,
    /// Another one, by its number (`IMAGE_FILE_MACHINE_*`).
    Other(u16),
}

/// How a Windows program talks to its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsystem {
    /// With windows.
    Gui,
    /// With a console.
    Console,
    /// Not a program of a user's (`IMAGE_SUBSYSTEM_*`): a driver, firmware, and others.
    Other(u16),
}

/// A Windows program of 32 or 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pe {
    /// The processor that it is for.
    pub machine: Machine,
    /// How it talks to its user.
    pub subsystem: Subsystem,
    /// Whether it is a library for programs.
    pub dll: bool,
    /// Whether it needs .NET or Mono (it has a header of the common language runtime).
    pub dotnet: bool,
    /// How long the file has to be at least, in bytes, if it is shorter than its sections.
    pub wanted_bytes: Option<u64>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileKind {
    /// A Windows program of 32 or 64 bits, or a DLL.
    Pe(Pe),
    /// A program for 16-bit Windows or OS/2 (`NE`).
    Windows16,
    /// A program for OS/2, or a driver of Windows 9x (`LE`, `LX`).
    Linear,
    /// A program for DOS.
    Dos,
    /// A Windows program, or something like one, that ends within its headers.
    Truncated,
    /// A batch file.
    Batch,
    /// A shortcut, and whether its name ends in `.lnk`.
    Shortcut {
        /// Windows knows shortcuts by their names only.
        named: bool,
    },
    /// A compound document, and whether its name ends in `.msi`.
    Compound {
        /// Only the name tells an installation package from a document.
        msi: bool,
    },
    /// A program of Linux.
    Elf,
    /// A script with an interpreter of Linux (`#!`).
    UnixScript,
    /// An archive, by the name of its format.
    Archive(&'static str),
    /// Text.
    Text,
    /// No byte.
    Empty,
    /// Anything else.
    Unknown,
}

/// Why a file cannot be started; its text begins with what the file is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotRun {
    /// For another processor.
    #[error("it is a Windows program for {0}, and only those for x86 and x86-64 can run here")]
    Machine(Machine),
    /// Not a user's program.
    #[error("it is {}, not a program with windows or a console", subsystem_name(*.0))]
    Subsystem(u16),
    /// A library.
    #[error("it is a DLL, a library for programs; give the .exe that uses it")]
    Dll,
    /// Shorter than its headers say.
    #[error(
        "it is a Windows program cut short: it has {have} bytes of at least {want}; its download or copy is incomplete"
    )]
    Short {
        /// Its length.
        have: u64,
        /// What its headers say.
        want: u64,
    },
    /// Ends in its headers.
    #[error("it ends within its headers, after {0} bytes; its download or copy is incomplete")]
    Truncated(u64),
    /// `NE`.
    #[error("it is a 16-bit Windows program, and Wine of 64 bits cannot run those")]
    Windows16,
    /// `LE` or `LX`.
    #[error("it is a program for OS/2 or a driver of Windows 9x, which Wine cannot run")]
    Linear,
    /// `MZ`.
    #[error("it is a DOS program, which Wine cannot run; use a native session with DOSBox")]
    Dos,
    /// ELF.
    #[error("it is a program of Linux; start it with the Runner native")]
    Elf,
    /// `#!`.
    #[error("it is a script of Linux; start it with the Runner native")]
    UnixScript,
    /// A shortcut with another name.
    #[error("it is a shortcut, and Windows knows those only by names that end in .lnk")]
    ShortcutName,
    /// A compound document with another name.
    #[error("it is a compound document, and only an installation package whose name ends in .msi can be started")]
    CompoundName,
    /// An archive.
    #[error("it is a {0} archive; unpack it and give the program in it")]
    Archive(&'static str),
    /// Text.
    #[error("it is text, not a program")]
    Text,
    /// Nothing.
    #[error("it is empty")]
    Empty,
    /// Anything else.
    #[error("it is none of the files that can be started: Windows programs, .bat, .cmd, .lnk and .msi files")]
    Unknown,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::X86 => f.write_str("x86"),
            Self::X86_64 => f.write_str("x86-64"),
            Self::Arm => f.write_str("32-bit ARM"),
            Self::Arm64 => f.write_str("64-bit ARM"),
            Self::Other(0x200) => f.write_str("Itanium"),
            Self::Other(number) => write!(f, "machine {number:#06x}"),
        }
    }
}

fn subsystem_name(number: u16) -> String {
    match number {
        1 => "a driver or a native program of the Windows kernel".to_owned(),
        7 => "a program of the POSIX subsystem".to_owned(),
        9 => "a program for Windows CE".to_owned(),
        10..=13 => "a program for EFI firmware".to_owned(),
        _ => format!("a Windows program of the subsystem {number}"),
    }
}

impl FileKind {
    /// What a file is, from its `name`, its first bytes `head` ([`HEADER_BYTES`], or all if it has fewer) and its
    /// `length` in bytes.
    pub fn identify(name: &str, head: &[u8], length: u64) -> Self {
        if head.is_empty() || length == 0 {
            return Self::Empty;
        }
        if head.starts_with(b"MZ") || head.starts_with(b"ZM") {
            return executable(head, length);
        }
        if let Some(kind) = by_signature(name, head) {
            return kind;
        }
        if has_extension(name, &["bat", "cmd"]) {
            return Self::Batch;
        }
        if is_text(head) { Self::Text } else { Self::Unknown }
    }

    /// How the file is started.
    ///
    /// # Errors
    /// Why it cannot be. `length` is that of the file, in bytes.
    pub fn program(&self, length: u64) -> Result<ProgramKind, CannotRun> {
        match *self {
            Self::Pe(pe) => pe.program(length),
            Self::Batch => Ok(ProgramKind::Batch),
            Self::Shortcut { named: true } => Ok(ProgramKind::Shortcut),
            Self::Compound { msi: true } => Ok(ProgramKind::Msi),
            Self::Shortcut { named: false } => Err(CannotRun::ShortcutName),
            Self::Compound { msi: false } => Err(CannotRun::CompoundName),
            Self::Windows16 => Err(CannotRun::Windows16),
            Self::Linear => Err(CannotRun::Linear),
            Self::Dos => Err(CannotRun::Dos),
            Self::Truncated => Err(CannotRun::Truncated(length)),
            Self::Elf => Err(CannotRun::Elf),
            Self::UnixScript => Err(CannotRun::UnixScript),
            Self::Archive(format) => Err(CannotRun::Archive(format)),
            Self::Text => Err(CannotRun::Text),
            Self::Empty => Err(CannotRun::Empty),
            Self::Unknown => Err(CannotRun::Unknown),
        }
    }
}

impl Pe {
    fn program(&self, length: u64) -> Result<ProgramKind, CannotRun> {
        if let Some(want) = self.wanted_bytes {
            return Err(CannotRun::Short { have: length, want });
        }
        if self.dll {
            return Err(CannotRun::Dll);
        }
        if !matches!(self.machine, Machine::X86 | Machine::X86_64) {
            return Err(CannotRun::Machine(self.machine));
        }
        match self.subsystem {
            Subsystem::Gui | Subsystem::Console => Ok(ProgramKind::Exe),
            Subsystem::Other(number) => Err(CannotRun::Subsystem(number)),
        }
    }
}

/// Whether `name` ends in a dot and one of `extensions`, whatever its case.
fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extensions.iter().any(|one| extension.eq_ignore_ascii_case(one))
}

/// Header size and class identifier ([MS-SHLLINK] 2.1).
const SHORTCUT: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
/// [MS-CFB] 2.2.
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

fn by_signature(name: &str, head: &[u8]) -> Option<FileKind> {
    Some(match head {
        _ if head.starts_with(SHORTCUT) => FileKind::Shortcut { named: has_extension(name, &["lnk"]) },
        _ if head.starts_with(COMPOUND) => FileKind::Compound { msi: has_extension(name, &["msi"]) },
        _ if head.starts_with(b"\x7fELF") => FileKind::Elf,
        _ if head.starts_with(b"#!") => FileKind::UnixScript,
        _ if head.starts_with(b"PK\x03\x04") => FileKind::Archive("ZIP"),
        _ if head.starts_with(b"7z\xbc\xaf\x27\x1c") => FileKind::Archive("7z"),
        _ if head.starts_with(b"Rar!\x1a\x07") => FileKind::Archive("RAR"),
        // They have no header, so that only the name tells.
        _ if has_extension(name, &["com"]) && !is_text(head) => FileKind::Dos,
        _ => return None,
    })
}

/// UTF-8 without control characters but those that text has, or UTF-16 by its mark.
fn is_text(head: &[u8]) -> bool {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return true;
    }
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The last character may go on after the head.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty() && text.chars().all(|c| !c.is_control() || "\t\n\r\x0c\x1a".contains(c))
}

fn bytes<const N: usize>(head: &[u8], at: usize) -> Option<[u8; N]> {
    head.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_at(head: &[u8], at: usize) -> Option<u16> {
    bytes(head, at).map(u16::from_le_bytes)
}

fn u32_at(head: &[u8], at: usize) -> Option<u32> {
    bytes(head, at).map(u32::from_le_bytes)
}

/// A file that begins as programs for DOS do; the newer header is where the field at 0x3c says.
fn executable(head: &[u8], length: u64) -> FileKind {
    // A linker's program for DOS, put before every Windows program, says which one it was to be.
    let claims_windows = [&b"cannot be run in DOS mode"[..], b"must be run under Win"]
        .iter()
        .any(|text| head.windows(text.len()).any(|window| window == *text));
    let short = if claims_windows { FileKind::Truncated } else { FileKind::Dos };
    let Some(at) = u32_at(head, 0x3c).and_then(|at| usize::try_from(at).ok()) else {
        return FileKind::Truncated;
    };
    match head.get(at..).unwrap_or_default() {
        [b'P', b'E', 0, 0, ..] => pe(head, at, length).map_or(FileKind::Truncated, FileKind::Pe),
        [b'N', b'E', ..] => FileKind::Windows16,
        [b'L', b'E' | b'X', ..] => FileKind::Linear,
        // A header past the bytes that were read is that of a DOS extender: no linker for Windows puts it there.
        _ => short,
    }
}

/// The PE header at `at`; `None` if the file ends within it.
fn pe(head: &[u8], at: usize, length: u64) -> Option<Pe> {
    let machine = match u16_at(head, at + 4)? {
        0x014c => Machine::X86,
        0x8664 => Machine::X86_64,
        0x01c0 | 0x01c2 | 0x01c4 => Machine::Arm,
        0xaa64 | 0xa641 | 0xa64e => Machine::Arm64,
        other => Machine::Other(other),
    };
    let sections = usize::from(u16_at(head, at + 6)?);
    let optional = at + 24;
    let section_table = optional + usize::from(u16_at(head, at + 20)?);
    let dll = u16_at(head, at + 22)? & 0x2000 != 0;
    let directories = optional + if u16_at(head, optional)? == 0x20b { 112 } else { 96 };
    let subsystem = match u16_at(head, optional + 68)? {
        2 => Subsystem::Gui,
        3 => Subsystem::Console,
        other => Subsystem::Other(other),
    };
    // Of the 16 data directories, number 14; the count is just before the first.
    let has_runtime_header = u32_at(head, directories - 4)? > 14;
    let dotnet = has_runtime_header && u32_at(head, directories + 14 * 8).is_some_and(|address| address != 0);
    let wanted_bytes = wanted_bytes(head, section_table, sections).filter(|want| *want > length);
    Some(Pe { machine, subsystem, dll, dotnet, wanted_bytes })
}

/// How long the file of these sections is at least.
fn wanted_bytes(head: &[u8], section_table: usize, sections: usize) -> Option<u64> {
    let ends = (0..sections).map_while(|number| {
        let section = section_table + number * 40;
        let (virtual_size, size) = (u32_at(head, section + 8)?, u32_at(head, section + 16)?);
        // Some packers round the size in the file up past its end; what is mapped is never more than the virtual size.
        let used = if virtual_size == 0 { size } else { size.min(virtual_size) };
        Some(if size == 0 { 0 } else { u64::from(u32_at(head, section + 20)?) + u64::from(used) })
    });
    ends.max()
}

#[cfg(test)]
mod tests;
