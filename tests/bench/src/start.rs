//! From the call to the running game, beside `podman run --detach` of the same container.

use crate::bare::{Generated, podman, remove};
use crate::client::Client;
use crate::figures::Figure;
use anyhow::Result;
use futures_util::future::try_join_all;
use std::time::{Duration, Instant};

const RUNS: usize = 15;
const AT_ONCE: usize = 20;
const RUNS_AT_ONCE: usize = 3;
const COMMAND: [&str; 2] = ["sleep", "infinity"];

/// One after the other, the agent and Podman in turns.
pub(crate) async fn one(client: &mut Client) -> Result<Figure> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for run in 0..=RUNS {
        let (session_time, generated) = many_sessions(client, 1).await?;
        let bare_time = many_bare(&generated, 1).await?;
        // The first of each fills caches.
        if run > 0 {
            ours.push(session_time);
            bare.push(bare_time);
        }
    }
    Ok(Figure::ratio("StartSession to running / podman run", &ours, &bare, 1.25))
}

/// Many at the same time.
pub(crate) async fn at_once(client: &mut Client) -> Result<Figure> {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..RUNS_AT_ONCE {
        let (session_time, generated) = many_sessions(client, AT_ONCE).await?;
        ours.push(session_time);
        bare.push(many_bare(&generated, AT_ONCE).await?);
    }
    Ok(Figure::ratio("20 StartSession to running / 20 podman run", &ours, &bare, 1.25))
}

/// Time until all of `count` sessions run, and what one of them was made of.
async fn many_sessions(client: &mut Client, count: usize) -> Result<(Duration, Generated)> {
    let begin = Instant::now();
    let started = try_join_all((0..count).map(|_| client.start(&COMMAND, &[]))).await?;
    let sessions: Vec<_> = started.into_iter().map(|(_, session)| session).collect();
    let mut last = begin;
    for session in &sessions {
        last = last.max(client.heard(session, "running").await?.instant);
    }
    let generated = sessions.first().map(Generated::of);
    let generated = generated.unwrap_or_else(|| anyhow::bail!("no session was started"))?;
    client.stop_all(&sessions).await?;
    Ok((last - begin, generated))
}

/// Time until `podman run` has returned for all of `count` containers.
async fn many_bare(generated: &Generated, count: usize) -> Result<Duration> {
    let names: Vec<String> = (0..count).map(|number| format!("bench-{number}")).collect();
    let commands = names.iter().map(|name| generated.podman_run(name)).collect::<Result<Vec<_>>>()?;
    let begin = Instant::now();
    try_join_all(commands.iter().map(|arguments| podman(arguments))).await?;
    let time = begin.elapsed();
    remove(&names).await?;
    Ok(time)
}
