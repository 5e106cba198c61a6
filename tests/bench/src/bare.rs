//! The same container and the same unit without the agent.

use crate::client::{id, runtime_dir};
use anyhow::{Context, Result, bail};
use std::process::Stdio;
use tokio::process::Command;
use zbus::OwnedObjectPath;

/// Options of the generated command that only a unit can use, or that wait for an older container of that name.
const ONLY_IN_A_UNIT: [&str; 4] = ["--cgroups=split", "--sdnotify=conmon", "--replace", "--cidfile"];

/// What systemd runs for a session.
#[derive(Debug, Clone)]
pub(crate) struct Generated {
    text: String,
    name: String,
}

impl Generated {
    /// The service that Podman's generator made for this session.
    pub(crate) fn of(session: &OwnedObjectPath) -> Result<Self> {
        let name = format!("dillinger-session-{}", id(session)?);
        let file = runtime_dir()?.join("systemd/user").join(format!("{name}.service"));
        let text = std::fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        Ok(Self { text, name })
    }

    /// The arguments of `podman` that a person would give to get this container.
    pub(crate) fn podman_run(&self, name: &str) -> Result<Vec<String>> {
        let line = self.text.lines().find_map(|line| line.strip_prefix("ExecStart="));
        let line = line.context("the unit has no ExecStart=")?;
        if line.contains(['"', '\\', '\'']) {
            bail!("the command is not plain words: {line}");
        }
        let words = line.split_whitespace().skip(1);
        let wanted = words.filter(|word| !ONLY_IN_A_UNIT.iter().any(|option| word.starts_with(option)));
        Ok(wanted.map(|word| word.replace(&self.name, name)).collect())
    }

    /// The unit under another name, without the commands and the session slice of the agent.
    pub(crate) fn bare_unit(&self, name: &str) -> String {
        let ours = |line: &&str| line.contains("dillinger-runner session-");
        let lines = self.text.lines().filter(|line| !ours(line));
        lines.map(|line| line.replace(&self.name, name) + "\n").collect()
    }
}

/// Runs `podman` to its end. Its output goes nowhere: the container inherits it (`passthrough`).
pub(crate) async fn podman(arguments: &[String]) -> Result<()> {
    let mut command = Command::new("podman");
    let status = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = status.status().await?;
    if !status.success() {
        bail!("podman {} failed: {status}", arguments.join(" "));
    }
    Ok(())
}

/// Removes containers.
pub(crate) async fn remove(names: &[String]) -> Result<()> {
    let arguments: Vec<String> = ["rm", "--force", "--time", "0", "--ignore"].map(str::to_owned).to_vec();
    podman(&[arguments, names.to_vec()].concat()).await
}
