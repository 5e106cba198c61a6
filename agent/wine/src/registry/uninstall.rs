//! The programs that a prefix lists as installed, read from Wine's registry files.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

/// Where programs are listed, below the root of a registry file.
const KEYS: &[&str] = &[
    r"software\microsoft\windows\currentversion\uninstall\",
    r"software\wow6432node\microsoft\windows\currentversion\uninstall\",
];

/// The `DisplayName`s in the text of a `system.reg` or `user.reg`.
///
/// The form is that of Wine's `server/registry.c`: `[Key\\Sub] TIME`, then `"name"="text"`.
pub fn programs(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix('[') {
            let key = rest.rsplit_once(']').map_or(rest, |(key, _)| key);
            let key = unescape(key).to_lowercase();
            inside = KEYS.iter().any(|prefix| key.starts_with(prefix));
        } else if inside {
            let value = line.strip_prefix("\"DisplayName\"=").map(|data| data.strip_prefix("str(2):").unwrap_or(data));
            let quoted = value.and_then(|data| data.strip_prefix('"')?.strip_suffix('"'));
            names.extend(quoted.map(unescape).filter(|name| !name.is_empty()));
        }
    }
    names
}

/// The text without the escapes of Wine's `dump_strW`: `\\`, `\"`, `\n`, `\x` with up to four hexadecimal digits (one
/// unit of UTF-16), and up to three octal digits.
fn unescape(text: &str) -> String {
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if character != '\\' {
            units.extend_from_slice(character.encode_utf16(&mut [0; 2]));
            continue;
        }
        let unit = match rest.next() {
            None => break,
            Some('n') => u16::from(b'\n'),
            Some('r') => u16::from(b'\r'),
            Some('t') => u16::from(b'\t'),
            Some('x') => number(&mut rest, 0, 16, 4),
            Some(digit @ '0'..='7') => number(&mut rest, digit.to_digit(8).unwrap_or(0), 8, 2),
            Some(other) => {
                units.extend_from_slice(other.encode_utf16(&mut [0; 2]));
                continue;
            }
        };
        units.push(unit);
    }
    String::from_utf16_lossy(&units)
}

/// A number of which `first` was read already, of at most so many digits more.
fn number(rest: &mut Peekable<Chars>, first: u32, radix: u32, most: usize) -> u16 {
    let mut number = first;
    for _ in 0..most {
        let Some(digit) = rest.peek().and_then(|next| next.to_digit(radix)) else { break };
        number = number * radix + digit;
        rest.next();
    }
    u16::try_from(number).unwrap_or(0xfffd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_programs_of_both_widths() {
        let text = r#"WINE REGISTRY Version 2
;; All keys relative to REGISTRY\\Machine

[Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\{A-1}] 1764129000
#time=1dc5e9d0
"DisplayName"="Gr\xf6\x00dfe \"2\" \\ x"
"DisplayVersion"="1.0"

[Software\\Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Thing_is1] 1764129000
"DisplayName"=str(2):"Thing"

[Software\\Microsoft\\Windows\\CurrentVersion\\UninstallOther\\x] 1
"DisplayName"="no program"

[Software\\Microsoft\\Windows\\CurrentVersion\\Uninstall\\Empty] 1
"DisplayName"=""
"DisplayName"=dword:00000001
"#;
        let expected = ["Größe \"2\" \\ x".to_owned(), "Thing".to_owned()];
        assert_eq!(programs(text), BTreeSet::from(expected));
    }

    #[test]
    fn escapes_as_wine_writes_them() {
        assert_eq!(unescape(r"a\x20acb"), "a€b");
        assert_eq!(unescape(r"\xd83c\xdfae"), "🎮");
        assert_eq!(unescape(r"\1x\33\n"), "\u{1}x\u{1b}\n");
        assert_eq!(unescape(r"end\"), "end");
    }
}
