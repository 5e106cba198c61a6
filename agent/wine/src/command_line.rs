//! Command lines as Windows programs take them apart: a Windows process gets one text, not a list.

use dillinger_runner_core::wine::{Program, ProgramKind};

/// What `CreateProcess` is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Path of the program.
    pub program: String,
    /// Its whole command line, the program's name first.
    pub command_line: String,
    /// Its working directory.
    pub directory: String,
}

/// A program that cannot be started as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// `cmd` reads these characters even in quotes.
    #[error("the argument {0:?} cannot be given to a batch file: it has a quote, a percent sign or a line end")]
    BatchArgument(String),
    /// A path ends at a NUL, so what follows would be another text.
    #[error("{0:?} has a NUL character")]
    Nul(String),
}

const CMD: &str = r"C:\windows\system32\cmd.exe";
const MSIEXEC: &str = r"C:\windows\system32\msiexec.exe";
/// Wine has it there, Windows has it inside of `cmd`.
const START: &str = r"C:\windows\command\start.exe";

/// How to start `program`; `installer` if it is one.
///
/// # Errors
///
/// Text that no command line can hold.
pub fn start(program: &Program, installer: bool) -> Result<Start, StartError> {
    let texts = program.arguments.iter().chain([&program.path]).chain(&program.directory);
    if let Some(text) = texts.into_iter().find(|text| text.contains('\0')) {
        return Err(StartError::Nul(text.clone()));
    }
    let path = program.path.as_str();
    let (starter, command_line) = match program.kind {
        ProgramKind::Exe if installer => (path, install(path, &program.arguments)),
        ProgramKind::Exe => (path, join([path], &program.arguments)),
        ProgramKind::Batch => (CMD, batch(path, &program.arguments)?),
        // Its first argument in quotes would be a title.
        ProgramKind::Shortcut => (START, join(["start.exe", "/wait", path], &program.arguments)),
        ProgramKind::Msi => (MSIEXEC, msi(path, &program.arguments)),
    };
    let directory = program.directory.clone().unwrap_or_else(|| parent(path));
    Ok(Start { program: starter.to_owned(), command_line, directory })
}

/// The directory of a file, as Windows writes both.
fn parent(path: &str) -> String {
    match path.rsplit_once(['\\', '/']) {
        Some((directory, _)) if directory.ends_with(':') => format!("{directory}\\"),
        Some((directory, _)) => directory.to_owned(),
        None => String::new(),
    }
}

fn join<const N: usize>(first: [&str; N], arguments: &[String]) -> String {
    let words = first.into_iter().chain(arguments.iter().map(String::as_str));
    words.map(quote).collect::<Vec<_>>().join(" ")
}

/// One argument for a program whose C library takes its command line apart.
///
/// Source: "Parsing C command-line arguments" in Microsoft's documentation of C.
fn quote(argument: &str) -> String {
    if !argument.is_empty() && !argument.contains([' ', '\t', '\n', '\u{b}', '"']) {
        return argument.to_owned();
    }
    let mut quoted = String::from('"');
    let mut backslashes = 0;
    for character in argument.chars() {
        match character {
            '\\' => backslashes += 1,
            '"' => {
                // Those that are followed by a quote count half, and one more makes the quote an ordinary character.
                quoted.extend(std::iter::repeat_n('\\', backslashes + 1));
                backslashes = 0;
            }
            _ => backslashes = 0,
        }
        quoted.push(character);
    }
    quoted.extend(std::iter::repeat_n('\\', backslashes));
    quoted.push('"');
    quoted
}

/// Installers made with NSIS take the directory from `/D=` as the last argument, with spaces but without quotes.
fn install(path: &str, arguments: &[String]) -> String {
    match arguments.split_last() {
        Some((last, others)) if last.starts_with("/D=") && !last.contains('"') => {
            format!("{} {last}", join([path], others))
        }
        _ => join([path], arguments),
    }
}

/// `cmd /c` takes away the outermost quotes; in the others it reads no special character but these.
fn batch(path: &str, arguments: &[String]) -> Result<String, StartError> {
    if let Some(argument) = arguments.iter().find(|argument| argument.contains(['"', '%', '\r', '\n'])) {
        return Err(StartError::BatchArgument(argument.clone()));
    }
    let words = [path].into_iter().chain(arguments.iter().map(String::as_str));
    let words: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    Ok(format!("cmd.exe /c \"{}\"", words.join(" ")))
}

/// `msiexec` wants the quotes of `NAME=value` around the value, and a quote in it twice.
fn msi(path: &str, arguments: &[String]) -> String {
    let mut line = format!("msiexec.exe /i {}", quote(path));
    for argument in arguments {
        line.push(' ');
        match argument.split_once('=') {
            Some((name, value)) if !name.starts_with(['/', '-']) && !name.contains(' ') => {
                line.extend([name, "=\"", &value.replace('"', "\"\""), "\""]);
            }
            _ => line.push_str(&quote(argument)),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(kind: ProgramKind, path: &str, arguments: &[&str]) -> Program {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        Program { path: path.to_owned(), kind, arguments, directory: None }
    }

    fn line(kind: ProgramKind, path: &str, arguments: &[&str]) -> String {
        start(&program(kind, path, arguments), false).unwrap().command_line
    }

    #[test]
    fn arguments_survive_the_taking_apart() {
        for (argument, quoted) in [
            ("plain", "plain"),
            ("", r#""""#),
            ("two words", r#""two words""#),
            (r"C:\no\spaces\", r"C:\no\spaces\"),
            (r"C:\with space\", r#""C:\with space\\""#),
            (r#"say "hi""#, r#""say \"hi\"""#),
            (r#"\\"x"#, r#""\\\\\"x""#),
            ("tab\there", "\"tab\there\""),
            ("line\nend", "\"line\nend\""),
            ("größe", "größe"),
        ] {
            assert_eq!(quote(argument), quoted, "{argument:?}");
        }
    }

    #[test]
    fn a_program_starts_in_its_own_directory() {
        let game = program(ProgramKind::Exe, r"D:\My Game\game.exe", &["-a", "b c"]);
        let expected = Start {
            program: r"D:\My Game\game.exe".to_owned(),
            command_line: r#""D:\My Game\game.exe" -a "b c""#.to_owned(),
            directory: r"D:\My Game".to_owned(),
        };
        assert_eq!(start(&game, false).unwrap(), expected);
        let elsewhere = Program { directory: Some(r"C:\x".to_owned()), ..game };
        assert_eq!(start(&elsewhere, false).unwrap().directory, r"C:\x");
        assert_eq!(start(&program(ProgramKind::Exe, r"D:\game.exe", &[]), false).unwrap().directory, r"D:\");
    }

    #[test]
    fn other_kinds_go_through_their_programs() {
        let batch = line(ProgramKind::Batch, r"D:\a b\run.bat", &["x & y", "z"]);
        assert_eq!(batch, r#"cmd.exe /c ""D:\a b\run.bat" "x & y" "z"""#);
        assert_eq!(line(ProgramKind::Shortcut, r"D:\a b.lnk", &["-x"]), r#"start.exe /wait "D:\a b.lnk" -x"#);
        let msi = line(ProgramKind::Msi, r"D:\a b.msi", &["/qn", r"INSTALLDIR=D:\My Games", "/l*v", "C:\\my log"]);
        assert_eq!(msi, r#"msiexec.exe /i "D:\a b.msi" /qn INSTALLDIR="D:\My Games" /l*v "C:\my log""#);
    }

    #[test]
    fn an_installer_gets_its_directory_as_it_reads_it() {
        let setup = program(ProgramKind::Exe, r"D:\setup.exe", &["/S", r"/D=D:\My Games"]);
        assert_eq!(start(&setup, true).unwrap().command_line, r"D:\setup.exe /S /D=D:\My Games");
        assert_eq!(start(&setup, false).unwrap().command_line, r#"D:\setup.exe /S "/D=D:\My Games""#);
        let setup = program(ProgramKind::Exe, r"D:\setup.exe", &[r"/D=D:\My Games", "/A B"]);
        assert_eq!(start(&setup, true).unwrap().command_line, r#"D:\setup.exe "/D=D:\My Games" "/A B""#);
    }

    #[test]
    fn what_no_command_line_can_hold_is_refused() {
        let error = start(&program(ProgramKind::Batch, r"D:\a.bat", &["100%"]), false).unwrap_err();
        assert_eq!(error, StartError::BatchArgument("100%".to_owned()));
        let error = start(&program(ProgramKind::Exe, r"D:\a.exe", &["a\0close"]), false).unwrap_err();
        assert_eq!(error, StartError::Nul("a\0close".to_owned()));
    }
}
