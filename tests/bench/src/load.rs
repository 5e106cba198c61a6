//! What the agent costs: memory, processor time, wake-ups, and the time of its cheap calls.

use crate::client::Client;
use crate::figures::Figure;
use crate::unit::agent_pid;
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use zbus::OwnedObjectPath;

const SESSIONS: usize = 50;
/// Started at once, so that the host does not choke on what is not measured here.
const BATCH: usize = 10;
const CALLS: usize = 200;
const IDLE: Duration = Duration::from_secs(60);
/// After the last call, before an idle time begins.
const QUIET: Duration = Duration::from_secs(5);

/// A fresh agent without sessions: its memory, and that it sleeps.
///
/// The first watchdog message is due half its interval after the agent's start, later than all of this.
pub(crate) async fn idle(client: &Client) -> Result<Vec<Figure>> {
    let agent = Agent::restarted(client).await?;
    let used = agent.idle().await?;
    Ok(vec![
        Figure::number("resident memory, idle", agent.memory_mib()?, 12.0, "MiB"),
        Figure::number("wake-ups in 60 idle seconds", used.switches, 0.0, ""),
        Figure::number("processor time in 60 idle seconds", used.ticks, 0.0, "tks"),
    ])
}

/// The agent with many sessions.
pub(crate) async fn loaded(client: &mut Client) -> Result<Vec<Figure>> {
    let agent = Agent::restarted(client).await?;
    let sessions = start(client).await?;
    let mut figures = calls(client, &sessions).await?;
    let used = agent.idle().await?;
    figures.push(Figure::number("resident memory, 50 sessions", agent.memory_mib()?, 20.0, "MiB"));
    figures.push(Figure::number("wake-ups in 60 s, 50 sessions unwatched", used.switches, 0.0, ""));
    figures.push(Figure::number("processor time in 60 s, 50 sessions", used.ticks, 0.0, "tks"));
    client.stop_all(&sessions).await?;
    Ok(figures)
}

async fn start(client: &mut Client) -> Result<Vec<OwnedObjectPath>> {
    let mut sessions = Vec::new();
    while sessions.len() < SESSIONS {
        let batch = try_join_all((0..BATCH).map(|_| client.start(&["sleep", "infinity"], &[]))).await?;
        for (_, session) in batch {
            client.heard(&session, "running").await?;
            sessions.push(session);
        }
    }
    Ok(sessions)
}

async fn calls(client: &Client, sessions: &[OwnedObjectPath]) -> Result<Vec<Figure>> {
    let (mut ping, mut list, mut read) = (Vec::new(), Vec::new(), Vec::new());
    let mut proxies = Vec::new();
    for session in sessions {
        proxies.push(client.session(session).await?);
    }
    for session in proxies.iter().cycle().take(CALLS) {
        let (systemd, root) = (Some("org.freedesktop.systemd1"), "/org/freedesktop/systemd1");
        let begin = Instant::now();
        client.connection.call_method(systemd, root, Some("org.freedesktop.DBus.Peer"), "Ping", &()).await?;
        ping.push(begin.elapsed());
        let begin = Instant::now();
        client.manager.list_sessions().await?;
        list.push(begin.elapsed());
        let begin = Instant::now();
        session.read_metrics().await?;
        read.push(begin.elapsed());
    }
    Ok(vec![
        Figure::milliseconds("ListSessions with 50 sessions", &list, &ping, 5.0),
        Figure::milliseconds("ReadMetrics with 50 sessions", &read, &ping, 1.0),
    ])
}

#[derive(Debug)]
struct Agent {
    directory: PathBuf,
}

#[derive(Debug, Clone, Copy)]
struct Use {
    ticks: f64,
    switches: f64,
}

impl Agent {
    async fn restarted(client: &Client) -> Result<Self> {
        let restart = ["--user", "restart", "dillinger-runner.service"];
        tokio::process::Command::new("systemctl").args(restart).status().await?;
        client.manager.list_sessions().await?;
        Ok(Self { directory: PathBuf::from(format!("/proc/{}", agent_pid(&client.connection).await?)) })
    }

    /// What it uses while nobody calls it.
    async fn idle(&self) -> Result<Use> {
        tokio::time::sleep(QUIET).await;
        let before = self.usage()?;
        tokio::time::sleep(IDLE).await;
        let after = self.usage()?;
        Ok(Use { ticks: after.ticks - before.ticks, switches: after.switches - before.switches })
    }

    fn memory_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(self.directory.join("status"))?;
        Ok(field(&status, "VmRSS:")? / 1024.0)
    }

    fn usage(&self) -> Result<Use> {
        let mut switches = 0.0;
        for task in std::fs::read_dir(self.directory.join("task"))? {
            let status = std::fs::read_to_string(task?.path().join("status"))?;
            switches += field(&status, "voluntary_ctxt_switches:")?;
        }
        let stat = std::fs::read_to_string(self.directory.join("stat"))?;
        // proc_pid_stat(5): after the name in parentheses, utime and stime are the 12th and 13th field.
        let (_, fields) = stat.rsplit_once(')').context("reading /proc/PID/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
        Ok(Use { ticks, switches })
    }
}

fn field(status: &str, name: &str) -> Result<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next()).with_context(|| format!("no {name}"))?;
    Ok(number.parse()?)
}
