//! Sections and keys in their order.

use super::word::check_length;
use super::{EscapeError, LINE_MAX, Setting, Value};

/// A unit file (systemd.unit(5)): sections in the order in which they were first
/// named, each with its keys in the order in which they were added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitFile {
    sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Section {
    name: &'static str,
    entries: Vec<(&'static str, Value)>,
}

/// The section that Podman's generator makes a command of.
const CONTAINER: &str = "Container";

/// What the generator adds to `ExecStart=` by itself: the path of Podman, its
/// command, and the names of the options that come from single keys.
const GENERATOR_RESERVE: usize = 8192;

impl UnitFile {
    /// A file without sections.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a key at the end of a section, and the section at the end of the file
    /// if there is none of this name. A key may be there several times.
    pub fn add(&mut self, section: &'static str, key: &'static str, value: Value) -> &mut Self {
        match self.sections.iter_mut().find(|known| known.name == section) {
            Some(known) => known.entries.push((key, value)),
            None => self.sections.push(Section { name: section, entries: vec![(key, value)] }),
        }
        self
    }

    /// Adds a container setting at the end of `[Container]`.
    pub fn add_setting(&mut self, setting: Setting) -> &mut Self {
        let (key, value) = setting.into_parts();
        self.add(CONTAINER, key, value)
    }

    /// The file's text.
    ///
    /// # Errors
    /// A line of this file, or the command that the generator makes of
    /// `[Container]`, longer than [`LINE_MAX`].
    pub fn render(&self) -> Result<String, EscapeError> {
        let sections: Result<Vec<String>, EscapeError> = self.sections.iter().map(Section::render).collect();
        Ok(sections?.join("\n"))
    }
}

impl Section {
    fn render(&self) -> Result<String, EscapeError> {
        let mut text = format!("[{}]\n", self.name);
        for (key, value) in &self.entries {
            let start = text.len();
            text.extend([*key, "=", value.as_str(), "\n"]);
            check_length("a line of a unit file", text.len() - start - 1, LINE_MAX)?;
        }
        if self.name == CONTAINER {
            check_length("the command that starts the container", self.generated(), LINE_MAX)?;
        }
        Ok(text)
    }

    fn generated(&self) -> usize {
        let entries: usize = self.entries.iter().map(|(key, value)| key.len() + value.generated()).sum();
        entries + GENERATOR_RESERVE
    }
}
