//! Where a command writes to, and how: people or programs.

use crate::exit::Failure;
use std::io::{self, IsTerminal, Write};

/// Standard output and error of a command.
#[allow(clippy::struct_excessive_bools)] // Four facts that do not depend on each other.
pub struct Output {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// JSON is wanted instead of text.
    pub json: bool,
    /// Standard output is a terminal.
    pub terminal: bool,
    /// Standard error is a terminal.
    pub err_terminal: bool,
    /// Colours may be used on standard output.
    pub colour: bool,
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("json", &self.json).field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

impl Output {
    /// The process's own.
    #[must_use]
    pub fn standard(json: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let terminal = io::stdout().is_terminal();
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            json,
            terminal,
            err_terminal: io::stderr().is_terminal(),
            colour: terminal && !dumb && set("NO_COLOR").is_none(),
        }
    }

    /// Any two writers, neither a terminal.
    #[must_use]
    pub fn plain(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, json: bool) -> Self {
        Self { out, err, json, terminal: false, err_terminal: false, colour: false }
    }

    /// A line of text.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.out, "{text}")?)
    }

    /// Text as it is, at once.
    pub fn raw(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes())?;
        Ok(self.out.flush()?)
    }

    /// A JSON document in one line, or laid out on a terminal.
    pub fn document(&mut self, value: &serde_json::Value) -> Result<(), Failure> {
        let text = if self.terminal { format!("{value:#}") } else { value.to_string() };
        self.line(&text)
    }

    /// A line on standard error.
    pub fn complain(&mut self, text: &str) -> Result<(), Failure> {
        Ok(writeln!(self.err, "{text}")?)
    }

    /// Text as it is on standard error, at once.
    pub fn complain_raw(&mut self, text: &str) -> Result<(), Failure> {
        self.err.write_all(text.as_bytes())?;
        Ok(self.err.flush()?)
    }

    /// The text in a style, where styles are used.
    #[must_use]
    pub fn styled(&self, style: Style, text: &str) -> String {
        match style.code().filter(|_| self.colour) {
            Some(code) => format!("\x1b[{code}m{text}\x1b[0m"),
            None => text.to_owned(),
        }
    }
}

/// How text looks on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// As it is.
    #[default]
    Plain,
    /// Heads of tables.
    Bold,
    /// What is well.
    Good,
    /// What wants attention.
    Warn,
    /// What went wrong.
    Bad,
}

impl Style {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
        }
    }

    /// The style of a state, an outcome or the status of a finding.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "running" | "exited" | "stopped" | "ok" | "done" => Self::Good,
            "paused" | "stopping" | "timeout" | "warning" | "unknown" | "lost" | "canceled" => Self::Warn,
            "failed" | "killed" | "oom-kill" | "start-failed" | "display-failed" | "error" => Self::Bad,
            _ => Self::Plain,
        }
    }
}

/// The text in one line, without characters that a terminal would obey.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_only_where_colours_are() {
        let mut output = Output::plain(Box::new(io::sink()), Box::new(io::sink()), false);
        assert_eq!(output.styled(Style::Bad, "x"), "x");
        output.colour = true;
        assert_eq!(output.styled(Style::Bad, "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(output.styled(Style::of("preparing"), "x"), "x");
    }

    #[test]
    fn terminals_get_no_commands_from_titles() {
        assert_eq!(printable("a\x1b[2Jb\nc\u{9b}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
    }
}
