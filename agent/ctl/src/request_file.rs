//! Request files: TOML with the keys of a request at its top level.
//!
//! A value has the key's own type, or is text in systemd's syntax as on the command line.

use crate::exit::Failure;
use crate::request::Request;
use dillinger_runner_api::keys::{self, Form, Key};
use dillinger_runner_api::{Value, text};
use std::io::Read;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// No sensible request comes near it.
const SIZE_MAX: u64 = 1 << 20;

/// Reads a request file; `-` is standard input.
pub fn read(path: &Path) -> Result<Request, Failure> {
    let name = path.display();
    let fail = |error: std::io::Error| Failure::Usage(format!("{name}: {error}"));
    let mut text = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(SIZE_MAX + 1).read_to_string(&mut text).map_err(fail)?;
    } else {
        let file = std::fs::File::open(path).map_err(fail)?;
        file.take(SIZE_MAX + 1).read_to_string(&mut text).map_err(fail)?;
    }
    if text.len() as u64 > SIZE_MAX {
        return Err(Failure::Usage(format!("{name}: larger than {SIZE_MAX} bytes")));
    }
    parse(&text).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| format!("{name}:{problem}")).collect();
        Failure::Usage(lines.join("\n"))
    })
}

/// The request of a file's text.
///
/// # Errors
/// Every problem, each as `LINE: what is wrong`.
pub fn parse(source: &str) -> Result<Request, Vec<String>> {
    let line = |at: usize| source.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1;
    let table = DeTable::parse(source).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        vec![format!("{}: {}", line(at), error.message())]
    })?;
    let mut request = Request::default();
    let mut problems = Vec::new();
    for (name, value) in table.get_ref() {
        let found = entry(name.get_ref(), value.get_ref()).and_then(|(key, value)| match request.get(key) {
            Some(_) => Err(format!("{}: {key} is given twice, by both of its names", name.get_ref())),
            None => Ok((key, value)),
        });
        match found {
            Ok((key, value)) => request.set(key, value),
            Err(problem) => problems.push((line(name.span().start), problem)),
        }
    }
    problems.sort();
    let texts: Vec<String> = problems.into_iter().map(|(line, problem)| format!("{line}: {problem}")).collect();
    if texts.is_empty() { Ok(request) } else { Err(texts) }
}

fn entry(name: &str, value: &DeValue<'_>) -> Result<(&'static str, Value), String> {
    let key = keys::find(name).ok_or_else(|| text::unknown_key(name).to_string())?;
    let value = match value {
        DeValue::String(text) => text::parse(name, text).map_err(|error| error.to_string())?,
        other => typed(key, name, other).map_err(|problem| format!("{name}: {problem}"))?,
    };
    Ok((key.name, value))
}

fn typed(key: &Key, name: &str, value: &DeValue<'_>) -> Result<Value, String> {
    match (key.signature, value) {
        ("b", DeValue::Boolean(on)) => Ok(Value::Bool(*on)),
        // An integer is the text of the same digits; a bare number has the unit of the name.
        ("u" | "t", DeValue::Integer(number)) if number.radix() == 10 => {
            text::parse(name, number.as_str()).map_err(|error| error.to_string())
        }
        ("as", DeValue::Array(items)) => {
            let words: Option<Vec<String>> = items.iter().map(|item| string(item.get_ref())).collect();
            words.map(Value::List).ok_or_else(|| expected(key))
        }
        ("as", DeValue::Table(table)) if key.name == "Environment" => {
            let variable = |(name, value): (&_, &_)| variable(name, value);
            let variables: Option<Vec<String>> =
                table.iter().map(|(name, value)| variable((name.get_ref().as_ref(), value.get_ref()))).collect();
            variables.map(Value::List).ok_or_else(|| expected(key))
        }
        ("a(sss)", DeValue::Array(items)) => {
            let triple = if key.form == Form::Registry { registry_value } else { mount };
            items.iter().map(|item| triple(item.get_ref())).collect::<Result<_, _>>().map(Value::Triples)
        }
        _ => Err(expected(key)),
    }
}

fn variable(name: &str, value: &DeValue<'_>) -> Option<String> {
    Some(format!("{name}={}", string(value)?))
}

fn string(value: &DeValue<'_>) -> Option<String> {
    if let DeValue::String(text) = value { Some(text.clone().into_owned()) } else { None }
}

fn mount(value: &DeValue<'_>) -> Result<(String, String, String), String> {
    let wrong = || "a mount is SOURCE:TARGET[:OPTIONS] or an array of two or three strings".to_owned();
    if let DeValue::String(text) = value {
        return text::parse_mount(text).map_err(|error| error.to_string());
    }
    let DeValue::Array(items) = value else { return Err(wrong()) };
    let parts: Option<Vec<String>> = items.iter().map(|item| string(item.get_ref())).collect();
    match parts.as_deref() {
        Some([source, target]) => Ok((source.clone(), target.clone(), String::new())),
        Some([source, target, options]) => Ok((source.clone(), target.clone(), options.clone())),
        _ => Err(wrong()),
    }
}

fn registry_value(value: &DeValue<'_>) -> Result<(String, String, String), String> {
    let wrong = || "a value of the registry is KEY\\NAME=DATA or an array of key, name and data".to_owned();
    if let DeValue::String(text) = value {
        return text::parse_registry(text).map_err(|error| error.to_string());
    }
    let DeValue::Array(items) = value else { return Err(wrong()) };
    let parts: Option<Vec<String>> = items.iter().map(|item| string(item.get_ref())).collect();
    match parts.as_deref() {
        Some([key, name, data]) => Ok((key.clone(), name.clone(), data.clone())),
        _ => Err(wrong()),
    }
}

fn expected(key: &Key) -> String {
    let what = match (key.form, key.name) {
        (Form::Bool, _) => "true or false",
        (Form::List, "Environment") => "an array of NAME=value strings or a table",
        (Form::List, _) => "an array of strings",
        (Form::Mounts, _) => "an array of mounts",
        (Form::Registry, _) => "an array of values of the registry",
        (Form::Text | Form::Word(_), _) => "a string",
        (Form::Size, _) => "a number of bytes or a size such as \"2G\"",
        (Form::Span | Form::Quota, _) => "a number or a string with a unit",
        (Form::Number | Form::Count | Form::Weight, _) => "a whole number",
    };
    format!("wrong type, expected {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_example_is_right() {
        let request = parse(include_str!("../examples/freedoom.toml")).unwrap();
        assert_eq!(request.get("MemoryMax"), Some(&Value::U64(2 << 30)));
        assert_eq!(request.get("CPUQuotaPerSecUSec"), Some(&Value::U64(2_000_000)));
        assert_eq!(request.get("RuntimeMaxUSec"), Some(&Value::U64(4 * 3_600_000_000)));
        let Some(Value::Triples(mounts)) = request.get("Mounts") else { panic!("no mounts") };
        assert_eq!(mounts.len(), 2);
    }

    #[test]
    fn typed_and_text_values_are_the_same() {
        let typed = parse(
            "MemoryMax = 2147483648\nGamepads = true\nCommand = [\"/a\", \"b c\"]\nRuntimeMaxSec = 90\nWidth = 640\n\
             Mounts = [[\"/a\", \"/b\"], \"/c:/d:rw\"]\n[Environment]\nA = \"1\"\n",
        );
        let text = parse(
            "MemoryMax = \"2G\"\nGamepads = \"yes\"\nCommand = \"/a 'b c'\"\nRuntimeMaxUSec = 90000000\n\
             Width = \"640\"\nMounts = \"/a:/b /c:/d:rw\"\nEnvironment = [\"A=1\"]\n",
        );
        assert_eq!(typed.unwrap(), text.unwrap());
    }

    #[test]
    fn every_problem_has_its_line() {
        let problems = parse(
            "Title = 5\n# comment\nMemorymax = 1\nGamepads = \"perhaps\"\nRuntimeMaxSec = 1\nRuntimeMaxUSec = 1\n\
             MemoryMax = -1\nMounts = [[\"/a\"]]\nEnvironment = [1]\n",
        )
        .unwrap_err();
        let starts =
            ["1: Title: wrong type", "3: unknown key", "4: Gamepads", "6: ", "7: MemoryMax", "8: Mounts", "9: "];
        assert_eq!(problems.len(), starts.len(), "{problems:?}");
        for (problem, start) in problems.iter().zip(starts) {
            assert!(problem.starts_with(start), "{problem} / {start}");
        }
        assert!(problems.get(1).unwrap().contains("did you mean MemoryMax?"));
        let broken = parse("Title = \"x\"\nImage = \n").unwrap_err();
        assert!(broken.iter().all(|problem| problem.starts_with("2: ")), "{broken:?}");
    }
}
