//! `toolmanifest.vdf` of Steam's compatibility tools: quoted keys with values, or with more keys in braces
//! (Valve's `KeyValues` text).

use std::io::Read;
use std::path::Path;

/// No manifest comes near it.
const SIZE_MAX: u64 = 1 << 16;
/// The key by which a tool asks Steam for another one to run in: the Steam Linux Runtime, which is a container.
const RUNTIME: &str = "require_tool_appid";

/// Why the build of a manifest cannot be used; nothing if it can.
pub(super) fn refusal(manifest: &Path) -> Option<String> {
    let mut text = String::new();
    let read = std::fs::File::open(manifest).and_then(|file| file.take(SIZE_MAX).read_to_string(&mut text));
    if let Err(error) = read {
        return Some(format!("toolmanifest.vdf cannot be read: {error}"));
    }
    let words = match words(&text) {
        Ok(words) => words,
        Err(why) => return Some(format!("toolmanifest.vdf {why}")),
    };
    if words.first().is_none_or(|word| !word.eq_ignore_ascii_case("manifest")) {
        return Some("toolmanifest.vdf has no section \"manifest\"".to_owned());
    }
    let runtime = words.iter().zip(words.iter().skip(1)).find(|(key, _)| key.eq_ignore_ascii_case(RUNTIME));
    runtime.map(|(_, id)| {
        format!(
            "it demands Steam's runtime {id} ({RUNTIME}), a container inside the container: \
             expected a build for native systems, whose toolmanifest.vdf has no such line"
        )
    })
}

/// The words of the text without its braces: keys and values in their order.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => {
                let mut word = String::new();
                loop {
                    match characters.next().ok_or("ends within a word")? {
                        '"' => break,
                        '\\' => word.extend(characters.next()),
                        other => word.push(other),
                    }
                }
                words.push(word);
            }
            '/' if characters.peek() == Some(&'/') => while characters.next_if(|c| *c != '\n').is_some() {},
            '{' | '}' => {}
            space if space.is_whitespace() => {}
            first => {
                let mut word = String::from(first);
                while let Some(next) = characters.next_if(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | '"')) {
                    word.push(next);
                }
                words.push(word);
            }
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_that_demands_a_runtime_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let refusal = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            refusal(file.path())
        };
        let native = "// native\n\"manifest\"\n{\n  \"version\" \"2\"\n  \"commandline\" \"/proton %verb%\"\n}\n";
        assert_eq!(refusal(native), None);
        assert_eq!(refusal("manifest { version 2 }"), None);
        let steam = "\"Manifest\" {\n\"require_tool_appid\" \"1628350\"\n}";
        assert!(refusal(steam).unwrap().contains("1628350"));
        assert!(refusal("\"manifest\" { \"open").unwrap().contains("ends within"));
        assert!(refusal("").unwrap().contains("no section"));
        assert!(super::refusal(Path::new("/nonexistent")).unwrap().contains("cannot be read"));
    }
}
