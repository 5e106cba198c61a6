//! Service files, read by systemd's rules (systemd.syntax(7)).

use anyhow::{Context as _, bail, ensure};

/// One key of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The section it stands in.
    pub section: String,
    /// The key.
    pub key: String,
    /// Its value as it stands there.
    pub value: String,
}

/// A service file.
#[derive(Debug, Clone)]
pub struct ServiceFile {
    /// Its keys in their order.
    pub entries: Vec<Entry>,
}

/// Longest line that systemd reads.
const LINE_MAX: usize = 1024 * 1024 - 1;

impl ServiceFile {
    /// Reads a file, strictly: what systemd would join, drop or warn about is an
    /// error.
    ///
    /// # Errors
    /// Says which line is wrong.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut section = None;
        let mut entries = Vec::new();
        for line in text.split('\n') {
            check_line(line)?;
            let line = line.trim_matches([' ', '\t']);
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = Some(name.to_owned());
                continue;
            }
            let (key, value) = line.split_once('=').with_context(|| format!("no key in {line:?}"))?;
            let section = section.clone().with_context(|| format!("{line:?} before any section"))?;
            entries.push(Entry { section, key: key.trim_end().to_owned(), value: value.trim_start().to_owned() });
        }
        Ok(Self { entries })
    }

    /// Every value of a key, in order.
    pub fn values(&self, section: &str, key: &str) -> Vec<&str> {
        let wanted = self.entries.iter().filter(|entry| entry.section == section && entry.key == key);
        wanted.map(|entry| entry.value.as_str()).collect()
    }

    /// The only value of a key.
    ///
    /// # Errors
    /// The key is not there, or several times.
    pub fn value(&self, section: &str, key: &str) -> anyhow::Result<&str> {
        match self.values(section, key).as_slice() {
            [value] => Ok(value),
            others => bail!("[{section}] {key}= stands there {} times", others.len()),
        }
    }

    /// The keys and values of a section, in order.
    pub fn section(&self, section: &str) -> Vec<(&str, &str)> {
        let wanted = self.entries.iter().filter(|entry| entry.section == section);
        wanted.map(|entry| (entry.key.as_str(), entry.value.as_str())).collect()
    }
}

fn check_line(line: &str) -> anyhow::Result<()> {
    ensure!(line.len() <= LINE_MAX, "a line of {} bytes", line.len());
    // systemd ends a line at a carriage return and at a NUL too.
    ensure!(!line.contains(|c: char| c.is_ascii_control()), "a bare control character in {line:?}");
    let dropped = |c: char| matches!(u32::from(c), 0xFDD0..=0xFDEF) || u32::from(c) % 0x10000 >= 0xFFFE;
    ensure!(!line.contains(dropped), "a noncharacter, for which systemd drops {line:?}");
    let backslashes = line.trim_end().bytes().rev().take_while(|byte| *byte == b'\\').count();
    ensure!(backslashes == 0, "the line goes on after {line:?}");
    Ok(())
}

/// A description as systemd shows it.
///
/// # Errors
/// It has a specifier in it.
pub fn expand_description(value: &str) -> anyhow::Result<String> {
    super::command::specifiers(value)
}
