//! `ExecStop=` and `ExecStopPost=` of a game's unit.

use super::Systemd;
use std::process::Stdio;
use tokio::process::Command;

/// A variable of systemd.exec(5).
pub(super) type Variable = (&'static str, String);

impl Systemd {
    /// Runs the agent's own commands of one kind with systemd's variables (systemd.exec(5)). Those of Podman are left
    /// out, there is no container.
    pub(super) async fn run_commands(&self, unit: &str, kind: &str, variables: &[Variable]) {
        if self.behaviour().forgets_commands {
            return;
        }
        let Ok(text) = std::fs::read_to_string(self.unit_file(unit)) else { return };
        let lines = text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix('='));
        // A failure that systemd ignores (prefix -) fails the test all the same.
        let lines = lines.map(|line| line.strip_prefix('-').unwrap_or(line));
        for line in lines {
            let words: Vec<&str> = line.split(' ').map(|word| word.trim_matches('"')).collect();
            let Some((program, arguments)) = words.split_first() else { continue };
            if *program != self.shared.agent.to_str().unwrap() {
                continue;
            }
            let mut command = Command::new(program);
            let bus = ("DBUS_SESSION_BUS_ADDRESS", self.shared.address.as_str());
            let path = ("PATH", self.shared.runtime.join("bin").display().to_string());
            command.args(arguments).env_clear().envs([bus]).envs([path]).envs(variables.iter().cloned());
            command.stdin(Stdio::null());
            let output = command.output().await.unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{line}: {said}");
        }
    }
}
