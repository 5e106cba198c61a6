//! Lists of words with quotes, and mounts.

use super::TextError;

/// Words separated by white space. Quotes, `"` or `'`, keep white space together; a backslash
/// takes the next character as it is, with `\n`, `\t`, `\r` and `\s` (a space) as in unit files.
///
/// # Errors
/// A quote is not closed, or nothing follows a backslash.
pub fn split_words(text: &str) -> Result<Vec<String>, TextError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', Some('"') | None) => {
                let next = chars.next().ok_or_else(|| TextError::Unterminated(text.to_owned()))?;
                unescape(word.get_or_insert_default(), next);
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_ascii_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(TextError::Unterminated(text.to_owned()));
    }
    words.extend(word);
    Ok(words)
}

fn unescape(word: &mut String, escaped: char) {
    match escaped {
        'n' => word.push('\n'),
        't' => word.push('\t'),
        'r' => word.push('\r'),
        's' => word.push(' '),
        // A colon stays escaped: what it separates is told apart later.
        ':' => word.push_str("\\:"),
        other => word.push(other),
    }
}

/// The word, in quotes if [`split_words`] would not give it back otherwise.
#[must_use]
pub fn quote_word(word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '"' | '\'' | '\\');
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut quoted = String::from('"');
    for c in word.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Words as one text that [`split_words`] reads back.
#[must_use]
pub fn join_words(words: &[String]) -> String {
    words.iter().map(|word| quote_word(word)).collect::<Vec<_>>().join(" ")
}

/// Source, target and options of `SOURCE:TARGET[:OPTIONS]`. A colon of a path is written `\:`.
///
/// # Errors
/// The text does not have two or three parts.
pub fn parse_mount(text: &str) -> Result<(String, String, String), TextError> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, parts.last_mut()) {
            ('\\', Some(part)) if chars.peek() == Some(&':') => part.extend(chars.next()),
            (':', _) => parts.push(String::new()),
            (c, Some(part)) => part.push(c),
            (_, None) => (),
        }
    }
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(source), Some(target), options, None) if !source.is_empty() && !target.is_empty() => {
            Ok((source, target, options.unwrap_or_default()))
        }
        _ => Err(TextError::not(text, "a mount, expected SOURCE:TARGET or SOURCE:TARGET:rw")),
    }
}

/// The text of a mount that [`parse_mount`] reads back.
pub(super) fn mount_text((source, target, options): &(String, String, String)) -> String {
    let escaped = |part: &str| part.replace(':', "\\:");
    let options = if options.is_empty() { String::new() } else { format!(":{options}") };
    format!("{}:{}{options}", escaped(source), escaped(target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (text, words) in [
            ("", vec![]),
            ("  a  b ", vec!["a", "b"]),
            ("'a b' c", vec!["a b", "c"]),
            (r#"a"b c"d"#, vec!["ab cd"]),
            (r#""" x"#, vec!["", "x"]),
            (r"a\ b \n", vec!["a b", "\n"]),
            (r"'a\nb'", vec![r"a\nb"]),
        ] {
            assert_eq!(split_words(text).unwrap(), words, "{text}");
        }
        for text in ["'a", "\"a", "a\\"] {
            assert!(split_words(text).is_err(), "{text}");
        }
    }

    #[test]
    fn quoted_words_read_back_the_same() {
        let words: Vec<String> =
            ["a", "", "a b", "it's", "\"q\"", "a\\b", "a\nb\t", "é ü", "\\n", "$HOME %n"].map(str::to_owned).into();
        assert_eq!(split_words(&join_words(&words)).unwrap(), words);
    }

    #[test]
    fn mounts() {
        let triple = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(parse_mount("/a:/b").unwrap(), triple("/a", "/b", ""));
        assert_eq!(parse_mount("/a:/b:rw").unwrap(), triple("/a", "/b", "rw"));
        assert_eq!(parse_mount(r"/a\:x:/b:ro").unwrap(), triple("/a:x", "/b", "ro"));
        for text in ["", "/a", ":/b", "/a:", "/a:/b:ro:x"] {
            assert!(parse_mount(text).is_err(), "{text}");
        }
        let odd = triple("/a:b", "/c", "rw");
        assert_eq!(parse_mount(&mount_text(&odd)).unwrap(), odd);
    }
}
