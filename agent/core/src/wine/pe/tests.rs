use super::*;
use proptest::prelude::*;

/// A file with one section of 512 bytes, as linkers make them.
fn program(machine: u16, subsystem: u16, characteristics: u16, wide: bool) -> Vec<u8> {
    let mut file = vec![0; 0x80];
    file[..2].copy_from_slice(b"MZ");
    file[0x3c] = 0x80;
    file[0x40..0x6b].copy_from_slice(b"!This program cannot be run in DOS mode.\r\n$");
    let directories: u16 = if wide { 112 } else { 96 };
    let optional_size = directories + 16 * 8;
    file.extend(b"PE\0\0");
    for field in [machine, 1, 0, 0, 0, 0, 0, 0, optional_size, characteristics] {
        file.extend(field.to_le_bytes());
    }
    let mut optional = vec![0; usize::from(optional_size)];
    optional[..2].copy_from_slice(&if wide { 0x20b_u16 } else { 0x10b }.to_le_bytes());
    optional[68..70].copy_from_slice(&subsystem.to_le_bytes());
    optional[usize::from(directories) - 4] = 16;
    file.extend(optional);
    let mut section = vec![0; 40];
    section[..5].copy_from_slice(b".text");
    section[8..12].copy_from_slice(&512_u32.to_le_bytes());
    section[16..20].copy_from_slice(&512_u32.to_le_bytes());
    section[20..24].copy_from_slice(&1024_u32.to_le_bytes());
    file.extend(section);
    file.resize(1536, 0xcc);
    file
}

fn start(name: &str, file: &[u8]) -> Result<ProgramKind, CannotRun> {
    let length = file.len() as u64;
    FileKind::identify(name, &file[..file.len().min(HEADER_BYTES)], length).program(length)
}

#[test]
fn windows_programs_run() {
    for (machine, wide) in [(0x14c, false), (0x8664, true)] {
        for subsystem in [2, 3] {
            assert_eq!(start("Game.EXE", &program(machine, subsystem, 2, wide)), Ok(ProgramKind::Exe));
        }
    }
}

#[test]
fn what_a_program_is() {
    let mut file = program(0x8664, 3, 2, true);
    let plain =
        Pe { machine: Machine::X86_64, subsystem: Subsystem::Console, dll: false, dotnet: false, wanted_bytes: None };
    assert_eq!(FileKind::identify("x", &file, 1536), FileKind::Pe(plain));
    let optional = 0x80 + 24;
    file[optional + 112 + 14 * 8] = 0x20;
    assert_eq!(FileKind::identify("x", &file, 1536), FileKind::Pe(Pe { dotnet: true, ..plain }));
    assert_eq!(
        FileKind::identify("x", &file, 1000),
        FileKind::Pe(Pe { dotnet: true, wanted_bytes: Some(1536), ..plain })
    );
}

#[test]
fn programs_that_cannot_run() {
    let cases = [
        (program(0xaa64, 3, 2, true), "64-bit ARM, and only those for x86"),
        (program(0x01c4, 3, 2, false), "32-bit ARM"),
        (program(0x0200, 3, 2, true), "Itanium"),
        (program(0x1234, 3, 2, true), "machine 0x1234"),
        (program(0x8664, 2, 0x2002, true), "DLL"),
        (program(0x8664, 10, 2, true), "EFI"),
        (program(0x8664, 1, 2, true), "driver"),
        (program(0x8664, 3, 2, true)[..1200].to_vec(), "1200 bytes of at least 1536"),
        (program(0x8664, 3, 2, true)[..0x90].to_vec(), "ends within its headers"),
        (program(0x8664, 3, 2, true)[..0x70].to_vec(), "ends within its headers"),
        (b"MZ".to_vec(), "ends within its headers"),
    ];
    for (file, reason) in cases {
        let said = start("game.exe", &file).unwrap_err().to_string();
        assert!(said.contains(reason), "{said}: {reason}");
    }
}

#[test]
fn other_programs_that_begin_as_those_for_dos() {
    let with = |signature: &[u8]| {
        let mut file = vec![0; 0x200];
        file[..2].copy_from_slice(b"MZ");
        file[0x3c] = 0x80;
        file[0x80..0x80 + signature.len()].copy_from_slice(signature);
        start("GAME.EXE", &file)
    };
    assert_eq!(with(b"NE"), Err(CannotRun::Windows16));
    assert_eq!(with(b"LE"), Err(CannotRun::Linear));
    assert_eq!(with(b"LX"), Err(CannotRun::Linear));
    assert_eq!(with(b""), Err(CannotRun::Dos));
    let mut extender = vec![0; 0x9000];
    extender[..2].copy_from_slice(b"MZ");
    extender[0x3d] = 0x80;
    extender[0x8000..0x8002].copy_from_slice(b"LE");
    assert_eq!(start("DOOM.EXE", &extender), Err(CannotRun::Dos));
}

#[test]
fn other_files() {
    let shortcut = [SHORTCUT, &[0; 56]].concat();
    let compound = [COMPOUND, &[0; 504]].concat();
    let cases: &[(&str, &[u8], Result<ProgramKind, CannotRun>)] = &[
        ("run.bat", b"@echo off\r\n", Ok(ProgramKind::Batch)),
        ("Run.CMD", b"\x80\x81", Ok(ProgramKind::Batch)),
        ("a.lnk", &shortcut, Ok(ProgramKind::Shortcut)),
        ("a.exe", &shortcut, Err(CannotRun::ShortcutName)),
        ("setup.MSI", &compound, Ok(ProgramKind::Msi)),
        ("letter.doc", &compound, Err(CannotRun::CompoundName)),
        ("game", b"\x7fELF\x02\x01\x01", Err(CannotRun::Elf)),
        ("game.sh", b"#!/bin/sh\n", Err(CannotRun::UnixScript)),
        ("game.exe", b"PK\x03\x04\x14\0", Err(CannotRun::Archive("ZIP"))),
        ("game.com", b"\xb4\x4c\xcd\x21", Err(CannotRun::Dos)),
        ("game.exe", b"", Err(CannotRun::Empty)),
        ("run.bat", b"", Err(CannotRun::Empty)),
        ("game.exe", "<html>nicht gefunden für Sie</html>".as_bytes(), Err(CannotRun::Text)),
        ("game.exe", b"version https://git-lfs\n \xc3", Err(CannotRun::Text)),
        ("game.exe", b"\xff\xfeh\0", Err(CannotRun::Text)),
        ("game.exe", b"\0\x01\x02\x03", Err(CannotRun::Unknown)),
        ("exe", b"\xc3\x28", Err(CannotRun::Unknown)),
    ];
    for (name, file, expected) in cases {
        assert_eq!(&start(name, file), expected, "{name} {file:?}");
    }
}

#[test]
fn a_text_cut_within_a_character_is_text() {
    let text = "ä".repeat(HEADER_BYTES);
    assert_eq!(FileKind::identify("x", &text.as_bytes()[..HEADER_BYTES - 1], text.len() as u64), FileKind::Text);
}

proptest! {
    #[test]
    fn hostile_bytes_are_something(name: String, head in prop::collection::vec(any::<u8>(), 0..300), length: u64) {
        let _ = FileKind::identify(&name, &head, length).program(length);
    }

    #[test]
    fn hostile_headers_are_something(at in 0..1536_usize, bytes in prop::collection::vec(any::<u8>(), 1..8), wide: bool, cut in 0..1537_usize) {
        let mut file = program(if wide { 0x8664 } else { 0x14c }, 3, 2, wide);
        for (place, byte) in file.iter_mut().skip(at).zip(bytes) {
            *place = byte;
        }
        let _ = FileKind::identify("x.exe", &file[..cut], cut as u64).program(cut as u64);
    }
}
