//! Texts that have a meaning to one of the readers between a request and a game.

use proptest::prelude::*;

/// Pieces with a meaning of their own.
const PIECES: &[&str] = &[
    "%",
    "%%",
    "%n",
    "%i",
    "%h",
    "%%n",
    "$",
    "$$",
    "$HOME",
    "${HOME}",
    "$$$",
    "${",
    "\\",
    "\\\\",
    "\\n",
    "\\x41",
    "\\u0041",
    "\\101",
    "\\;",
    "\\\n",
    "\"",
    "'",
    "\"\"",
    "''",
    " ",
    "  ",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    ";",
    " ; ",
    "#",
    "\n#",
    "[Service]",
    "\n[Service]\nExecStartPre=/bin/false\n",
    "\nExec=no",
    "[",
    "]",
    "=",
    ",",
    ":",
    "-",
    "--",
    "--privileged",
    "-v",
    "/",
    "..",
    "/../",
    "//",
    ".volume",
    ".image",
    ".artifact",
    ".network",
    "type=bind",
    "source=",
    "ro=false",
    "|",
    "!",
    "@",
    "+",
    "*",
    "?",
    "~",
    "{a,b}",
    "`id`",
    "&",
    "<",
    ">",
    "100% \"Fun\" [Service]",
    "\u{1}",
    "\u{7}",
    "\u{8}",
    "\u{b}",
    "\u{c}",
    "\u{1b}",
    "\u{1f}",
    "\u{7f}",
    "\u{81}",
    "\u{85}",
    "\u{9f}",
    "\u{a0}",
    "\u{2028}",
    "\u{2029}",
    "\u{3000}",
    "\u{feff}",
    "\u{fffd}",
    "\u{e9}",
    "e\u{301}",
    "\u{65e5}\u{672c}",
    "\u{1f47e}",
    "\u{10fffd}",
    "a",
    "game",
    "C:\\Games\\x.exe",
    "0",
    "-1",
];

/// What cannot be carried.
const IMPOSSIBLE: &[&str] =
    &["\0", "\u{80}", "\u{fdd0}", "\u{fdef}", "\u{fffe}", "\u{ffff}", "\u{1fffe}", "\u{10ffff}"];

/// Whole texts, each of which has broken a writer of unit files somewhere.
pub(crate) const NASTY: &[&str] = &[
    "",
    ";",
    " ",
    "\n",
    "\r",
    "\t",
    "\\",
    "\"",
    "'",
    "%",
    "$",
    "-",
    "--",
    "%n",
    "%i",
    "$HOME",
    "$$",
    "${X}",
    "\\;",
    "\\n",
    "a\\",
    "a\\ ",
    "a\\\u{a0}",
    "a \\\nExecStartPre=/bin/false",
    "a\n[Service]\nExecStartPre=/bin/false",
    "100% \"Fun\" [Service]",
    "#no comment",
    "a;b",
    "a ; b",
    "a,b",
    "a\"b",
    "a'b",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{feff}[Service]",
    "a\u{2028}",
    "\r\n",
    "a:ro",
    "a,type=tmpfs",
    "a.volume",
    "\u{65e5}\u{672c}",
];

/// Any text, half of it of pieces with a meaning.
pub(crate) fn any() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => pieces(PIECES, 0..6),
        2 => prop::collection::vec(prop::char::any(), 0..12).prop_map(String::from_iter),
        2 => prop::collection::vec(prop::char::range('\u{1}', '\u{ff}'), 0..12).prop_map(String::from_iter),
        1 => (pieces(PIECES, 0..2), prop::sample::select(IMPOSSIBLE), pieces(PIECES, 0..2))
            .prop_map(|(before, middle, after)| before + middle + &after),
        1 => "[a-z]{1,8}",
        1 => prop::sample::select(NASTY).prop_map(str::to_owned),
    ]
}

fn pieces(of: &'static [&'static str], count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), count).prop_map(|pieces| pieces.concat())
}

/// Whether one argument can be `text`, by the rules that the product documents.
pub(crate) fn can_be_carried(text: &str) -> bool {
    let impossible = |c: char| matches!(u32::from(c), 0 | 0x80 | 0xFDD0..=0xFDEF) || u32::from(c) % 0x10000 >= 0xFFFE;
    text.len() < 131_072 && !text.contains(impossible)
}

/// Whether `text` has a line end of two characters, which no variable and no mount can have.
pub(crate) fn has_crlf(text: &str) -> bool {
    text.contains("\r\n")
}

/// The seed in the environment, or the one given.
pub(crate) fn seed(default: [u8; 32]) -> Option<[u8; 32]> {
    let Ok(digits) = std::env::var("DILLINGER_SEED") else { return Some(default) };
    let bytes: Option<Vec<u8>> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

/// A seed as `DILLINGER_SEED` takes it.
pub(crate) fn hexadecimal(seed: &[u8; 32]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or_default();
    seed.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0F)]).collect()
}
