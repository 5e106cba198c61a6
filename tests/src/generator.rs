//! Podman's own generator as the judge of the unit files that the product
//! writes, and readers of what it makes of them that share no code with the
//! product.

mod command;
mod podman;
mod service;

pub use command::arguments;
pub use podman::{Mounted, Run};
pub use service::{Entry, ServiceFile, expand_description};

use anyhow::{Context as _, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable that names the generators, separated by colons.
pub const GENERATORS: &str = "DILLINGER_QUADLET";
/// The variable that lets a host without a generator skip these tests, set to 1.
pub const SKIP: &str = "DILLINGER_SKIP_ORACLE";

/// The generators to ask; none where the tests are to be skipped.
///
/// # Errors
/// Neither variable is set, or a generator does not run.
pub fn generators() -> anyhow::Result<Vec<Generator>> {
    if std::env::var(SKIP).is_ok_and(|value| value == "1") {
        return Ok(Vec::new());
    }
    let paths = std::env::var(GENERATORS).with_context(|| {
        format!("{GENERATORS} is not set: set it to the paths that tests/world/quadlet prints, or {SKIP}=1 to skip")
    })?;
    let found: Result<Vec<Generator>, _> =
        paths.split([':', '\n']).filter(|path| !path.is_empty()).map(Generator::new).collect();
    let found = found?;
    ensure!(!found.is_empty(), "{GENERATORS} names no generator");
    Ok(found)
}

/// One version of Podman's generator.
#[derive(Debug, Clone)]
pub struct Generator {
    path: PathBuf,
    /// What `-version` says.
    pub version: String,
}

impl Generator {
    fn new(path: &str) -> anyhow::Result<Self> {
        let output = Command::new(path).arg("-version").output().with_context(|| format!("running {path} -version"))?;
        ensure!(output.status.success(), "{path} -version failed");
        Ok(Self { path: path.into(), version: String::from_utf8(output.stdout)?.trim().to_owned() })
    }

    /// Converts `.container` files as the user generator does, in one run, and
    /// returns the text of the service of each.
    ///
    /// # Errors
    /// The generator complains of anything but a short image name, or makes no service of one of the files.
    pub fn convert(&self, containers: &[&str]) -> anyhow::Result<Vec<String>> {
        let named: Vec<(String, &str)> = containers.iter().enumerate().map(|(n, text)| (numbered(n), *text)).collect();
        let mut services = self.generate(named.iter().map(|(name, text)| (format!("{name}.container"), *text)))?;
        let take = |(name, _): &(String, &str)| {
            let service = services.remove(&format!("{name}.service"));
            service.with_context(|| format!("{} made no service of {name}", self.version))
        };
        named.iter().map(take).collect()
    }

    /// Converts Quadlets of any kind, by file name and text, as the user generator
    /// does, in one run, and returns the services that it makes by file name.
    ///
    /// # Errors
    /// The generator complains of anything but a short image name.
    pub fn generate<'a>(
        &self,
        quadlets: impl IntoIterator<Item = (String, &'a str)>,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let directory = tempfile::tempdir()?;
        let (input, output) = (directory.path().join("containers"), directory.path().join("services"));
        std::fs::create_dir(&input)?;
        for (name, text) in quadlets {
            std::fs::write(input.join(name), text)?;
        }
        self.run(&input, &output)?;
        let mut services = BTreeMap::new();
        for entry in std::fs::read_dir(&output)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                let name = entry.file_name().to_string_lossy().into_owned();
                services.insert(name, std::fs::read_to_string(entry.path())?);
            }
        }
        Ok(services)
    }

    fn run(&self, input: &Path, output: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.path);
        command.args(["-user", "-no-kmsg-log"]).arg(output).env_clear().env("QUADLET_UNIT_DIRS", input);
        let done = command.output().with_context(|| format!("running {}", self.path.display()))?;
        let said = String::from_utf8_lossy(&done.stderr);
        let expected = |line: &&str| line.contains("not a fully qualified image name");
        let complaints: Vec<&str> = said.lines().filter(|line| !expected(line)).collect();
        ensure!(done.status.success() && complaints.is_empty(), "generator {}: {complaints:?}", self.version);
        Ok(())
    }
}

fn numbered(number: usize) -> String {
    format!("dillinger-{number}")
}
