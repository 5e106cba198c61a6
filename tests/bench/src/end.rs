//! From the game's exit to the news of it, beside what systemd alone needs for the same unit.
//!
//! The game writes the time as its last act, so that both are measured from the same moment.

use crate::bare::Generated;
use crate::client::{Client, settled};
use crate::figures::Figure;
use crate::unit::{Unit, stop};
use anyhow::{Context, Result};
use nix::sys::stat::Mode;
use std::path::Path;
use std::time::Duration;

const RUNS: usize = 15;
/// Where the game finds the directory that it shares with us.
const SHARED: &str = "/bench";
const BARE: &str = "bench-bare";
/// Waits for a line, then writes the time and exits, all in one process.
const GAME: &str = "read -r _ </bench/go; printf %s \"$EPOCHREALTIME\" >/bench/exit";

/// Ends of sessions and of bare units, in turns.
pub(crate) async fn end(client: &mut Client) -> Result<Figure> {
    let shared = std::env::current_dir()?.join("bench");
    std::fs::create_dir(&shared)?;
    nix::unistd::mkfifo(&shared.join("go"), Mode::S_IRUSR | Mode::S_IWUSR)?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for number in 0..=RUNS {
        let (session_time, generated) = session(client, &shared).await?;
        let bare_time = unit(client, &generated, &shared).await?;
        // The first of each fills caches.
        if number > 0 {
            ours.push(session_time);
            bare.push(bare_time);
        }
    }
    std::fs::remove_dir_all(&shared)?;
    Ok(Figure::ratio("exit to PropertiesChanged / exit to inactive", &ours, &bare, 1.5))
}

async fn session(client: &mut Client, shared: &Path) -> Result<(Duration, Generated)> {
    let mounts = [(shared.to_owned(), SHARED)];
    let (_, session) = client.start(&["bash", "-c", GAME], &mounts).await?;
    client.heard(&session, "running").await?;
    let generated = Generated::of(&session)?;
    end_game(shared).await?;
    let told = client.heard(&session, "ended").await?;
    let exited = exit_time(shared)?;
    settled().await?;
    Ok((told.realtime.saturating_sub(exited), generated))
}

/// The same unit without the agent's commands.
async fn unit(client: &Client, generated: &Generated, shared: &Path) -> Result<Duration> {
    let mut unit = Unit::load(&client.connection, &format!("{BARE}.service"), &generated.bare_unit(BARE)).await?;
    unit.start().await?;
    unit.reaches("active").await?;
    end_game(shared).await?;
    unit.reaches("inactive").await?;
    let inactive = unit.inactive_since().await?;
    unit.unload().await?;
    stop(&client.connection, &format!("{BARE}.slice")).await?;
    Ok(inactive.saturating_sub(exit_time(shared)?))
}

async fn end_game(shared: &Path) -> Result<()> {
    let go = shared.join("go");
    tokio::task::spawn_blocking(move || std::fs::write(go, "\n")).await??;
    Ok(())
}

fn exit_time(shared: &Path) -> Result<Duration> {
    let text = std::fs::read_to_string(shared.join("exit"))?;
    let seconds: f64 = text.trim().parse().with_context(|| format!("reading the time {text:?}"))?;
    Ok(Duration::from_secs_f64(seconds))
}
