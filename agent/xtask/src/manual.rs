//! Manual pages: dillingerctl(1) and one per sub-command.

use anyhow::{Context, Result};
use clap::Command;
use clap_mangen::Man;
use dillingerctl::manual;
use std::io::Write;
use std::path::Path;

/// Writes `dillingerctl.1` and `dillingerctl-SUBCOMMAND.1`.
pub(crate) fn write(directory: &Path) -> Result<()> {
    for (name, page) in pages()? {
        let path = directory.join(format!("{name}.1"));
        std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Name and text of every page.
fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut command = dillingerctl::cli::command().disable_help_subcommand(true);
    command.build();
    let mut pages = vec![("dillingerctl".to_owned(), main_page(&command)?)];
    for sub in command.get_subcommands() {
        sub_pages(sub, "dillingerctl", &mut pages)?;
    }
    Ok(pages)
}

fn sub_pages(command: &Command, parent: &str, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let name = format!("{parent}-{}", command.get_name());
    for sub in command.get_subcommands() {
        sub_pages(sub, &name, pages)?;
    }
    // clap wants names for the whole life of the program, which is short here.
    let title: &'static str = name.clone().leak();
    let mut page = Vec::new();
    let man = man(command.clone().name(title));
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    section(&mut page, "SYNOPSIS", &synopsis(command))?;
    man.render_description_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    man.render_options_section(&mut page)?;
    section(&mut page, "SEE ALSO", &reference("dillingerctl(1)"))?;
    pages.push((name, page));
    Ok(())
}

fn main_page(command: &Command) -> Result<Vec<u8>> {
    let man = man(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    section(&mut page, "SYNOPSIS", &synopsis(command))?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    section(&mut page, "PROPERTIES", &manual::keys_section())?;
    for (title, text) in manual::SECTIONS {
        section(&mut page, title, text)?;
    }
    let others: Vec<String> = manual::SEE_ALSO.iter().map(|other| reference(other)).collect();
    section(&mut page, "SEE ALSO", &others.join(",\n"))?;
    Ok(page)
}

/// The usage line, as `--help` has it.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    usage.trim_start_matches("Usage: ").replace('-', "\\-")
}

fn man(command: Command) -> Man {
    let source = format!("dillinger-runner {}", version());
    Man::new(command.version(version())).manual("Dillinger Runner").source(source).section("1")
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

fn section(page: &mut Vec<u8>, title: &str, text: &str) -> Result<()> {
    writeln!(page, ".SH \"{title}\"\n{}", text.trim())?;
    Ok(())
}

/// `name(section)` with the name in bold.
fn reference(other: &str) -> String {
    let (name, section) = other.split_once('(').unwrap_or((other, "1)"));
    format!(".BR {name} ({section}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        let pages = pages().unwrap();
        let (_, page) = pages.iter().find(|(page, _)| page == name).unwrap();
        String::from_utf8(page.clone()).unwrap()
    }

    #[test]
    fn the_main_page_has_its_sections() {
        let page = text("dillingerctl");
        for title in ["NAME", "SYNOPSIS", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES", "SEE ALSO"] {
            let found = page.lines().any(|line| line.starts_with(".SH") && line.contains(title));
            assert!(found, "{title}");
        }
        assert!(text("dillingerctl-set-limits").contains("dillingerctl set\\-limits [OPTIONS] <ID> <KEY=VALUE>..."));
        for key in dillinger_runner_api::keys::ALL {
            assert!(page.contains(&format!("\n{}=", key.name)), "{}", key.name);
        }
    }

    #[test]
    fn every_sub_command_has_a_page_that_the_main_page_names() {
        let main = text("dillingerctl");
        for command in dillingerctl::cli::command().get_subcommands() {
            let name = format!("dillingerctl-{}", command.get_name());
            assert!(text(&name).contains("SEE ALSO"), "{name}");
            assert!(main.contains(&name.replace('-', "\\-")), "{name}");
        }
        assert!(text("dillingerctl-images-prepare").contains("pull"));
    }

    #[test]
    fn exit_statuses_are_those_of_the_program() {
        use dillingerctl::exit;
        let page = text("dillingerctl");
        let statuses = [exit::FAILED, exit::USAGE, exit::NO_SUCH_SESSION, exit::UNREACHABLE, exit::TIMEOUT];
        for status in statuses.into_iter().chain([exit::START_FAILED, exit::OOM_KILL]) {
            assert!(page.contains(&format!(".TP\n{status}\n")), "{status}");
        }
    }
}
