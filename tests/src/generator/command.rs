//! Command lines, read by systemd's rules (systemd.service(5), "Command lines").

use anyhow::{Context as _, bail, ensure};

/// The one word with specifiers of its own that the generator writes.
const CIDFILE: &str = "--cidfile=%t/%N.cid";

/// The arguments that systemd would execute for `ExecStart=` or the like.
///
/// # Errors
/// The line is malformed, has more than one command, or has a specifier or a
/// variable in it that systemd would replace by anything but nothing.
pub fn arguments(line: &str) -> anyhow::Result<Vec<String>> {
    let mut rest = line.as_bytes();
    let mut arguments = Vec::new();
    loop {
        if let [b';'] | [b';', b' ' | b'\t', ..] = rest {
            bail!("a second command after {arguments:?}");
        }
        let Some(word) = first_word(&mut rest)? else { break };
        let word = String::from_utf8(word).context("an argument is not UTF-8")?;
        arguments.push(if word == CIDFILE { word } else { variables(&specifiers(&word)?)? });
    }
    Ok(arguments)
}

/// Takes the first word off a line: quotes removed, C escapes replaced.
fn first_word(rest: &mut &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    *rest = skip_blanks(rest);
    if rest.is_empty() {
        return Ok(None);
    }
    let mut word = Vec::new();
    let mut quote = None;
    loop {
        let Some((byte, tail)) = rest.split_first() else {
            ensure!(quote.is_none(), "a quote is not closed");
            return Ok(Some(word));
        };
        *rest = tail;
        match (*byte, quote) {
            (b'\\', _) => word.extend(escape(rest)?),
            (byte, Some(open)) if byte == open => quote = None,
            (byte @ (b'"' | b'\''), None) => quote = Some(byte),
            (b' ' | b'\t', None) => {
                *rest = skip_blanks(rest);
                return Ok(Some(word));
            }
            (byte, _) => word.push(byte),
        }
    }
}

fn skip_blanks(line: &[u8]) -> &[u8] {
    let blanks = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    line.split_at(blanks).1
}

/// What stands behind a backslash, as bytes.
fn escape(rest: &mut &[u8]) -> anyhow::Result<Vec<u8>> {
    let (letter, tail) = rest.split_first().context("a backslash at the end")?;
    *rest = tail;
    let single = match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0C,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0B,
        b's' => b' ',
        b'\\' | b'"' | b'\'' => *letter,
        b'x' => u8::try_from(digits(rest, 2, 16)?)?,
        b'u' | b'U' => {
            let code = digits(rest, if *letter == b'u' { 4 } else { 8 }, 16)?;
            let character = char::from_u32(code).filter(|c| *c != '\0').context("an impossible code point")?;
            return Ok(character.to_string().into_bytes());
        }
        b'0'..=b'7' => {
            let low = digits(rest, 2, 8)?;
            u8::try_from(u32::from(letter - b'0') * 64 + low)?
        }
        other => bail!("an unknown escape {:?}", char::from(*other)),
    };
    ensure!(single != 0, "an escaped NUL");
    Ok(vec![single])
}

fn digits(rest: &mut &[u8], count: usize, radix: u32) -> anyhow::Result<u32> {
    let (text, tail) = rest.split_at_checked(count).context("an escape is cut short")?;
    *rest = tail;
    ensure!(text.iter().all(u8::is_ascii_hexdigit), "a digit is missing in an escape");
    Ok(u32::from_str_radix(std::str::from_utf8(text)?, radix)?)
}

/// Replaces specifiers: `%%`, and `%i`, which is empty without an instance.
pub(super) fn specifiers(text: &str) -> anyhow::Result<String> {
    let mut characters = text.chars();
    let mut replaced = String::new();
    while let Some(character) = characters.next() {
        match (character, if character == '%' { characters.next() } else { None }) {
            ('%', Some('%')) => replaced.push('%'),
            ('%', Some('i')) => {}
            ('%', other) => bail!("a specifier %{} in {text:?}", other.map(String::from).unwrap_or_default()),
            (plain, _) => replaced.push(plain),
        }
    }
    Ok(replaced)
}

/// Replaces variables, of which only `$$` may be there.
fn variables(text: &str) -> anyhow::Result<String> {
    let unpaired = text.replace("$$", "").contains('$');
    ensure!(!unpaired, "a variable in {text:?}");
    Ok(text.replace("$$", "$"))
}
