//! `podman run`, read by Podman's rules (podman-run(1)).

use anyhow::{Context as _, bail, ensure};
use std::collections::BTreeMap;

/// What `podman run` was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// Variables of the container.
    pub environment: BTreeMap<String, String>,
    /// Mounts in the order of the command line.
    pub mounts: Vec<Mounted>,
    /// Where the command starts.
    pub working_directory: Option<String>,
    /// Every other option with its value.
    pub options: Vec<(String, Option<String>)>,
    /// The image.
    pub image: String,
    /// What follows the image.
    pub arguments: Vec<String>,
}

/// One `--mount`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mounted {
    /// `bind`, `volume` or `tmpfs`.
    pub kind: String,
    /// Path on the host, or the volume's name.
    pub source: Option<String>,
    /// Path in the container.
    pub target: String,
    /// Whether it is read-only.
    pub read_only: bool,
    /// Other fields as they stand there.
    pub others: Vec<String>,
}

/// Options that take no value, or have it behind `=` only.
const SWITCHES: &[&str] =
    &["-d", "--rm", "--replace", "--init", "--read-only", "--cgroups", "--sdnotify", "--env-host"];

impl Run {
    /// Reads a command line that begins with the path of Podman.
    ///
    /// # Errors
    /// It is not a `podman run`, or Podman would not take it.
    pub fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        let mut words = arguments.iter().cloned();
        let program = words.next().context("no program")?;
        ensure!(program.ends_with("/podman") && words.next().as_deref() == Some("run"), "not podman run");
        let mut run = Self::default();
        while let Some(word) = words.next() {
            if !word.starts_with('-') {
                run.image = word;
                run.arguments = words.collect();
                return Ok(run);
            }
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None if SWITCHES.contains(&word.as_str()) => (word, None),
                None => (word, Some(words.next().context("an option without its value")?)),
            };
            run.option(name, value)?;
        }
        bail!("no image")
    }

    fn option(&mut self, name: String, value: Option<String>) -> anyhow::Result<()> {
        match (name.as_str(), value) {
            ("--env", Some(assignment)) => {
                // Podman writes and reads its variables once as comma separated values.
                let assignment = assignment.replace("\r\n", "\n");
                let (name, value) = assignment.split_once('=').context("a variable of the host")?;
                ensure!(!name.trim_start_matches([' ', '\t']).is_empty(), "a variable without a name");
                self.environment.insert(name.trim_start_matches([' ', '\t']).to_owned(), value.to_owned());
            }
            ("--mount", Some(record)) => self.mounts.push(Mounted::parse(&record)?),
            ("--volume", Some(volume)) => self.mounts.push(Mounted::parse_volume(&volume)?),
            ("--workdir", Some(path)) => {
                ensure!(self.working_directory.replace(path).is_none(), "two working directories");
            }
            (_, value) => self.options.push((name, value)),
        }
        Ok(())
    }
}

impl Mounted {
    /// Reads the value of `--mount`.
    ///
    /// # Errors
    /// Podman would not take it.
    pub fn parse(record: &str) -> anyhow::Result<Self> {
        let mut mounted = Self::default();
        for field in fields(record)? {
            let (name, value) = field.split_once('=').with_context(|| format!("no value in {field:?}"))?;
            match name {
                "type" if mounted.kind.is_empty() => value.clone_into(&mut mounted.kind),
                "source" => ensure!(mounted.source.replace(value.to_owned()).is_none(), "two sources"),
                "target" if mounted.target.is_empty() => value.clone_into(&mut mounted.target),
                "ro" => mounted.read_only = value == "true",
                "tmpfs-size" | "tmpfs-mode" | "chown" => mounted.others.push(field),
                other => bail!("an unknown field {other:?}"),
            }
        }
        ensure!(mounted.target.starts_with('/'), "the target {:?} is not absolute", mounted.target);
        Ok(mounted)
    }
}

impl Mounted {
    /// Reads the value of `--volume`: an overlay, of which Podman splits the paths at colons and the options at commas.
    ///
    /// # Errors
    /// Podman would not take it, or it is no overlay.
    pub fn parse_volume(volume: &str) -> anyhow::Result<Self> {
        let [source, target, options] = <[&str; 3]>::try_from(volume.split(':').collect::<Vec<_>>())
            .map_err(|parts| anyhow::anyhow!("{} parts of {volume:?}", parts.len()))?;
        let mut options = options.split(',');
        ensure!(options.next() == Some("O"), "no overlay {volume:?}");
        ensure!(source.starts_with('/') && target.starts_with('/'), "a path of {volume:?} is not absolute");
        Ok(Self {
            kind: "overlay".to_owned(),
            source: Some(source.to_owned()),
            target: target.to_owned(),
            read_only: false,
            others: options.map(str::to_owned).collect(),
        })
    }
}

/// Splits one record as Go's `encoding/csv` does.
fn fields(record: &str) -> anyhow::Result<Vec<String>> {
    let record = record.replace("\r\n", "\n");
    let mut rest = record.strip_suffix('\r').unwrap_or(&record);
    let mut fields = Vec::new();
    loop {
        let (field, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => bare_field(rest)?,
        };
        fields.push(field);
        match tail.strip_prefix(',') {
            Some(next) => rest = next,
            None if tail.is_empty() => return Ok(fields),
            None => bail!("a second record {tail:?}"),
        }
    }
}

fn quoted_field(text: &str) -> anyhow::Result<(String, &str)> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, tail) = rest.split_once('"').context("a quote is not closed")?;
        field.push_str(part);
        match tail.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Ok((field, tail)),
        }
    }
}

fn bare_field(text: &str) -> anyhow::Result<(String, &str)> {
    let end = text.find([',', '\n']).unwrap_or(text.len());
    let (field, tail) = text.split_at(end);
    ensure!(!field.contains('"'), "a quote in the middle of {field:?}");
    Ok((field.to_owned(), tail))
}
