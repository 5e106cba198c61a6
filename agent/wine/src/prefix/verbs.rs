//! winetricks verbs of a prefix.

use super::record::Record;
use crate::processes::Processes;
use crate::scratch;
use crate::wine::Wine;
use anyhow::Context;
use std::fs::{self, File};
use std::io::{self, Write};

/// Applies the verbs that the prefix does not have yet, in their order.
pub(super) fn apply(wanted: &[String], record: &mut Record, wine: &Wine, processes: &Processes) -> anyhow::Result<()> {
    for verb in wanted {
        if !record.verbs.contains(verb) {
            run(verb, wine, processes)?;
            record.verbs.push(verb.clone());
            record.write(wine.prefix())?;
        }
    }
    Ok(())
}

fn run(verb: &str, wine: &Wine, processes: &Processes) -> anyhow::Result<()> {
    anyhow::ensure!(!verb.starts_with('-'), "{verb} is an option of winetricks, not a verb");
    let path = scratch::file("winetricks")?;
    let output = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut command = wine.winetricks()?;
    command.args(["-q", verb]).stdout(output.try_clone()?).stderr(output);
    let status = processes.run(command)?;
    let text = fs::read(&path).unwrap_or_default();
    // What it says belongs to the log, and where that cannot be written nobody reads it.
    let _ = io::stderr().write_all(&text);
    let text = String::from_utf8_lossy(&text);
    anyhow::ensure!(status == 0, "winetricks {verb} failed with status {status}: {}", last_line(&text));
    Ok(())
}

/// The last line that says something: winetricks draws lines of dashes around its messages. After that of a verb that
/// it does not know it shows its whole help.
fn last_line(text: &str) -> &str {
    let lines = || text.lines().map(str::trim);
    let unknown = lines().find(|line| line.starts_with("Unknown arg"));
    unknown.or_else(|| lines().rfind(|line| line.contains(char::is_alphanumeric))).unwrap_or("it said nothing")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_one_that_says_something() {
        let text = "Executing x\n----------\nsha256sum mismatch!\n----------\n\n";
        assert_eq!(last_line(text), "sha256sum mismatch!");
        assert_eq!(last_line("Executing y\nUnknown arg y\nUsage: winetricks\n"), "Unknown arg y");
        assert_eq!(last_line("---\n"), "it said nothing");
    }
}
