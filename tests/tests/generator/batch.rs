//! Batches of containers through the generators.

use anyhow::{Context as _, ensure};
use dillinger_runner_tests::generator::{Entry, Generator, Run, ServiceFile, arguments, expand_description};

/// A `.container` file and what the generator has to make of it.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// The file.
    pub(crate) text: String,
    /// The container, with the options that differ from those of a harmless one:
    /// another value of the same option, or one more at the end.
    pub(crate) run: Run,
    /// The file's own commands of `[Service]`, by key.
    pub(crate) commands: Vec<(&'static str, Vec<String>)>,
    /// What the description says.
    pub(crate) description: String,
    /// The units that it needs, by key, in a streamed session.
    pub(crate) needs: Vec<(&'static str, String)>,
}

/// Checks what each generator makes of each file. What was not asked for has to
/// be as in the harmless file.
pub(crate) fn check(harmless: &str, cases: &[Expected], generators: &[Generator]) -> anyhow::Result<()> {
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).chain([harmless]).collect();
    for generator in generators {
        let mut services = generator.convert(&texts)?;
        let harmless = ServiceFile::parse(&services.pop().context("no harmless container")?)?;
        for (service, case) in services.iter().zip(cases) {
            compare(service, &harmless, case).with_context(|| {
                let shown: String = format!("{case:?}\n{}\n{service}", case.text).chars().take(6000).collect();
                format!("generator {}\n{shown}", generator.version)
            })?;
        }
    }
    Ok(())
}

fn compare(service: &str, harmless: &ServiceFile, expected: &Expected) -> anyhow::Result<()> {
    let file = ServiceFile::parse(service)?;
    container(command(&file)?, command(harmless)?, expected.run.clone())?;
    commands(&file, expected)?;
    description(file.value("Unit", "Description")?, &expected.description)?;
    for key in ["BindsTo", "Wants", "After"] {
        let parts: Vec<&str> = file.values("Unit", key).into_iter().filter(|unit| is_display(unit)).collect();
        let of_key = expected.needs.iter().filter(|(known, _)| key == "After" || *known == key);
        ensure!(parts == of_key.map(|(_, unit)| unit.as_str()).collect::<Vec<_>>(), "{key}={parts:?}");
    }
    structure(&file, harmless)?;
    let written = ServiceFile::parse(&expected.text)?;
    ensure!(file.section("X-Container") == written.section("Container"), "other keys were read");
    sources(&file, harmless, &expected.run)
}

fn command(file: &ServiceFile) -> anyhow::Result<Run> {
    Run::parse(&arguments(file.value("Service", "ExecStart")?)?)
}

fn container(mut run: Run, harmless: Run, mut expected: Run) -> anyhow::Result<()> {
    run.mounts.sort();
    expected.mounts.sort();
    let mut options = harmless.options;
    for (name, value) in std::mem::take(&mut expected.options) {
        match options.iter_mut().find(|(known, _)| *known == name) {
            Some(option) => option.1 = value,
            None => options.push((name, value)),
        }
    }
    expected.options = options;
    // The generator puts them in the order of a hash table.
    run.options.sort();
    expected.options.sort();
    ensure!(run == expected, "{run:?}\nis not\n{expected:?}");
    Ok(())
}

/// The file's own commands stand as they were given, at an end before the one by
/// which the generator removes the container.
fn commands(file: &ServiceFile, expected: &Expected) -> anyhow::Result<()> {
    for key in ["ExecStartPre", "ExecStop", "ExecStopPost"] {
        let mut lines = file.values("Service", key).into_iter();
        for (_, command) in expected.commands.iter().filter(|(known, _)| *known == key) {
            let line = lines.next().with_context(|| format!("no {key}="))?;
            let line = line.strip_prefix('-').with_context(|| format!("the failure of {key}={line} counts"))?;
            ensure!(arguments(line)? == *command, "{key}={line}");
        }
        if key == "ExecStartPre" {
            ensure!(lines.next().is_none(), "one more {key}=");
            continue;
        }
        let removal =
            arguments(lines.next().with_context(|| format!("no removal in {key}="))?.trim_start_matches('-'))?;
        let fixed = ["/usr/bin/podman", "rm", "-v", "-f", "-i"].map(str::to_owned);
        ensure!(removal.len() == 6 && removal.starts_with(&fixed), "{removal:?}");
        ensure!(lines.next().is_none(), "one more {key}=");
    }
    Ok(())
}

/// The description is the text wherever that can be shown on one line.
fn description(value: &str, text: &str) -> anyhow::Result<()> {
    let shown = expand_description(value)?;
    ensure!(shown.len() <= 512, "a description of {} bytes", shown.len());
    if text.len() <= 512 && !text.contains(|c: char| c.is_control() || !c.is_ascii()) {
        let text = text.trim_start_matches(' ').trim_end_matches([' ', '\\']);
        ensure!(shown == text, "description {shown:?}");
    }
    Ok(())
}

/// Whether a value is the name of the unit of a part of a display, which is checked
/// by itself.
fn is_display(value: &str) -> bool {
    let part = value.strip_prefix("dillinger-session-").and_then(|rest| rest.split_once('-'));
    part.is_some_and(|(_, part)| ["display.service", "sound.service", "streamer.service"].contains(&part))
}

/// Keys whose values come from the request, and are checked by themselves.
const OWN: &[&str] = &["Description", "SourcePath", "ExecStart", "ExecStartPre", "ExecStop", "ExecStopPost", "Slice"];

/// No section, key or value differs from the unit of a harmless container but
/// those that were asked for.
fn structure(file: &ServiceFile, harmless: &ServiceFile) -> anyhow::Result<()> {
    let others = |file: &ServiceFile| {
        let mut entries = file.entries.clone();
        entries.retain(|entry| {
            entry.section != "X-Container" && entry.key != "RequiresMountsFor" && !is_display(&entry.value)
        });
        let own = |entry: &Entry| OWN.contains(&entry.key.as_str());
        entries.iter_mut().filter(|entry| own(entry)).for_each(|entry| entry.value.clear());
        entries
    };
    ensure!(others(file) == others(harmless), "{:?} is not {:?}", file.entries, harmless.entries);
    Ok(())
}

/// `RequiresMountsFor=` names host paths of mounts, without anything that it
/// would read otherwise.
fn sources(file: &ServiceFile, harmless: &ServiceFile, expected: &Run) -> anyhow::Result<()> {
    let own = harmless.values("Unit", "RequiresMountsFor");
    let wanted: Vec<&str> = expected.mounts.iter().filter_map(|mount| mount.source.as_deref()).collect();
    for value in file.values("Unit", "RequiresMountsFor") {
        let plain = !value.contains([' ', '\t', '"', '\'', '\\', '%']) && wanted.contains(&value);
        ensure!(plain || own.contains(&value), "RequiresMountsFor={value}");
    }
    Ok(())
}
