//! The second stage: many fragments become one; later wins, key by key.

use super::fragment::{Entry, Fragment};
use super::problem::Location;
use super::schema;
use std::collections::BTreeMap;

/// The entries that count, and those that a later file replaced.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Merged {
    pub(super) tables: Vec<(String, Location)>,
    /// By table and canonical key.
    pub(super) current: BTreeMap<(String, String), Entry>,
    /// Each with the entry that replaced it. They are still checked: a file is
    /// right or wrong whatever stands in the others.
    pub(super) replaced: Vec<(Entry, Location)>,
}

/// Lays the fragments over each other in their order.
pub(super) fn merge(fragments: Vec<Fragment>) -> Merged {
    let mut merged = Merged::default();
    for fragment in fragments {
        merged.tables.extend(fragment.tables);
        for entry in fragment.entries {
            let canonical = schema::canonical(&entry.table, &entry.key).to_owned();
            let at = entry.at.clone();
            if let Some(older) = merged.current.insert((entry.table.clone(), canonical), entry) {
                merged.replaced.push((older, at));
            }
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::super::fragment::{Value, parse};
    use super::*;
    use std::path::Path;

    fn merged(texts: &[&str]) -> Merged {
        let parsed = texts.iter().enumerate().map(|(at, text)| parse(Path::new(&format!("/{at}")), text).unwrap());
        merge(parsed.collect())
    }

    #[test]
    fn later_wins_key_by_key() {
        let merged = merged(&["[session]\nTasksMax = 1\nCPUWeight = 2\n", "[session]\nTasksMax = 3\n"]);
        let value = |key: &str| merged.current[&("session".to_owned(), key.to_owned())].value.clone();
        assert_eq!((value("TasksMax"), value("CPUWeight")), (Value::Integer(3), Value::Integer(2)));
        assert_eq!(merged.replaced.len(), 1);
    }

    #[test]
    fn an_alias_is_the_same_key() {
        let merged = merged(&["[session]\nCPUQuotaPerSecUSec = 1000000\n", "[session]\nCPUQuota = \"50%\"\n"]);
        assert_eq!(merged.current.len(), 1);
        let (_, entry) = merged.current.first_key_value().unwrap();
        assert_eq!(entry.value, Value::Text("50%".to_owned()));
    }
}
