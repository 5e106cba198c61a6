//! The first stage: one settings file as a list of entries with their places.

use super::problem::{Location, Problem};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value as it stands in a file; what it means depends on its key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Integer(i128),
    Boolean(bool),
    List(Vec<Value>),
    /// A type that no key has, by its TOML name.
    Other(&'static str),
}

impl Value {
    /// The TOML name of the type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::Integer(_) => "integer",
            Self::Boolean(_) => "boolean",
            Self::List(_) => "array",
            Self::Other(kind) => kind,
        }
    }
}

/// One `Key = value` line of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) table: String,
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) at: Location,
}

impl Entry {
    /// The name in messages.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table, self.key)
    }

    pub(super) fn problem(&self, message: impl Into<String>) -> Problem {
        Problem { at: self.at.clone(), key: self.name(), message: message.into() }
    }
}

/// What one file says.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Fragment {
    /// Every table with the place of its name.
    pub(super) tables: Vec<(String, Location)>,
    pub(super) entries: Vec<Entry>,
}

/// Reads the text of one file. Of a file with syntax errors only these are
/// reported: what the rest of it means is anyone's guess.
pub(super) fn parse(file: &Path, text: &str) -> Result<Fragment, Vec<Problem>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let mut problems: Vec<Problem> = errors.iter().map(|error| syntax_problem(file, text, error)).collect();
    let mut fragment = Fragment::default();
    for (name, value) in document.get_ref() {
        let at = Location::at(file, text, name.span().start);
        if let DeValue::Table(table) = value.get_ref() {
            let name = name.get_ref().to_string();
            fragment.entries.extend(table.iter().map(|(key, value)| entry(file, text, &name, key, value)));
            fragment.tables.push((name, at));
        } else if errors.is_empty() {
            let message = "stands outside of any table, expected it below a line such as [session]".to_owned();
            problems.push(Problem { at, key: name.get_ref().to_string(), message });
        }
    }
    if problems.is_empty() { Ok(fragment) } else { Err(problems) }
}

fn entry(
    file: &Path,
    text: &str,
    table: &str,
    key: &Spanned<toml::de::DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
) -> Entry {
    Entry {
        table: table.to_owned(),
        key: key.get_ref().to_string(),
        value: own(value.get_ref()),
        at: Location::at(file, text, key.span().start),
    }
}

fn own(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            let integer = i128::from_str_radix(number.as_str(), number.radix());
            integer.map_or(Value::Other("integer of more than 128 bits"), Value::Integer)
        }
        DeValue::Boolean(on) => Value::Boolean(*on),
        DeValue::Array(list) => Value::List(list.iter().map(|value| own(value.get_ref())).collect()),
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => Value::Other(value.type_str()),
    }
}

fn syntax_problem(file: &Path, text: &str, error: &toml::de::Error) -> Problem {
    let at = error.span().map_or_else(|| Location::whole(file), |span| Location::at(file, text, span.start));
    Problem { at, key: String::new(), message: format!("not TOML: {}", error.message().trim()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_know_their_place() {
        let text = "[session]\nMemoryMax = \"2G\"\n  TasksMax = 0x10\n\n[images]\n";
        let fragment = parse(Path::new("/f"), text).unwrap();
        let tasks = fragment.entries.iter().find(|entry| entry.key == "TasksMax").unwrap();
        assert_eq!((tasks.at.line, tasks.at.column, &tasks.value), (3, 3, &Value::Integer(16)));
        assert_eq!(tasks.name(), "session.TasksMax");
        assert_eq!(fragment.tables.len(), 2);
    }

    #[test]
    fn every_syntax_error_of_a_file_is_reported() {
        let problems = parse(Path::new("/f"), "[session]\nMemoryMax = \n\n[images\nNative = \"a\"\n").unwrap_err();
        let lines: Vec<usize> = problems.iter().map(|problem| problem.at.line).collect();
        assert!(lines.contains(&2) && lines.contains(&4), "{problems:?}");
    }

    #[test]
    fn a_value_outside_of_a_table_is_a_problem() {
        let problems = parse(Path::new("/f"), "MemoryMax = \"2G\"\n").unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].at.line, problems[0].key.as_str()), (1, "MemoryMax"));
    }
}
