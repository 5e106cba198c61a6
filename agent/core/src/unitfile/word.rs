//! Words as systemd and Podman's generator split them.

use super::{ARGUMENT_MAX, EscapeError, PATH_MAX};
use std::fmt::Write as _;

/// Who splits the line into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reader {
    /// Podman's generator, then systemd.
    Quadlet,
    /// systemd alone.
    Systemd,
}

/// Checks that `text` arrives unchanged as one argument.
pub(super) fn check(text: &str, reader: Reader) -> Result<(), EscapeError> {
    check_characters(text, reader)?;
    check_length("an argument", text.len(), ARGUMENT_MAX)
}

/// Checks that a length is within its limit.
pub(super) fn check_length(what: &'static str, length: usize, limit: usize) -> Result<(), EscapeError> {
    if length > limit { Err(EscapeError::TooLong { what, length, limit }) } else { Ok(()) }
}

fn check_characters(text: &str, reader: Reader) -> Result<(), EscapeError> {
    let reason = |character| match character {
        '\0' => Some("an argument ends at a NUL"),
        '\u{80}' if reader == Reader::Quadlet => Some("Podman's generator turns it into a byte that is not UTF-8"),
        _ if is_noncharacter(character) => Some("systemd drops lines with Unicode noncharacters"),
        _ => None,
    };
    let found = text.char_indices().find_map(|(offset, character)| Some((offset, character, reason(character)?)));
    match found {
        Some((offset, character, reason)) => Err(EscapeError::Character { offset, character, reason }),
        None => Ok(()),
    }
}

/// Checks that `text` has no line end of two characters, of which Podman keeps
/// one where it reads or writes comma separated values: mounts and variables.
pub(super) fn check_line_ends(text: &str) -> Result<(), EscapeError> {
    match text.find("\r\n") {
        Some(offset) => Err(EscapeError::Character {
            offset,
            character: '\r',
            reason: "Podman leaves it out before a line feed in a mount or a variable",
        }),
        None => Ok(()),
    }
}

/// Whether systemd takes a line with this character for broken UTF-8.
pub(super) fn is_noncharacter(character: char) -> bool {
    let code = u32::from(character);
    (0xFDD0..=0xFDEF).contains(&code) || code & 0xFFFE == 0xFFFE
}

/// Checks an absolute path that means the same whether its links are followed or
/// not: Podman shortens paths by their text alone.
pub(super) fn check_path(what: &'static str, path: &str) -> Result<(), EscapeError> {
    check(path, Reader::Quadlet)?;
    check_length(what, path.len(), PATH_MAX)?;
    if path.starts_with('/') && !path.split('/').any(|part| part == "..") {
        Ok(())
    } else {
        Err(EscapeError::Form { what, expected: "an absolute path without '..'" })
    }
}

/// Appends `text` as one word that stays on its line whatever it contains.
pub(super) fn append(line: &mut String, text: &str, reader: Reader) {
    match (text, reader) {
        ("", Reader::Quadlet) => line.push_str("%i"),
        (";", Reader::Quadlet) => line.push_str("%i;"),
        _ if is_bare(text) => line.push_str(text),
        _ => append_quoted(line, text),
    }
}

/// Several words with a space between them.
pub(super) fn join<'a>(words: impl IntoIterator<Item = &'a str>, reader: Reader) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        append(&mut line, word, reader);
    }
    line
}

fn is_bare(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/:=,+@".contains(&byte))
}

fn append_quoted(line: &mut String, text: &str) {
    line.push('"');
    for character in text.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            '%' => line.push_str("%%"),
            '$' => line.push_str("$$"),
            // Writing to a string cannot fail.
            control if control.is_ascii_control() => drop(write!(line, "\\x{:02x}", u32::from(control))),
            other => line.push(other),
        }
    }
    line.push('"');
}

/// Most bytes that the generator needs for `text` as one word of `ExecStart=`,
/// with quotes and the space before it.
pub(super) fn generated_length(text: &str) -> usize {
    let bytes: usize = text
        .chars()
        .map(|character| match character {
            ' ' => 4,
            '"' | '\\' | '%' | '$' => 2,
            control if control.is_ascii_control() => 4,
            other => other.len_utf8(),
        })
        .sum();
    bytes.saturating_add("\"\" ".len())
}
