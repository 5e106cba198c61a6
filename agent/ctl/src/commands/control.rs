//! `stop`, `kill`, `pause`, `resume`, `set-limits`

use super::start::tell_end;
use crate::cli::{IdsArgs, KillArgs, SetLimitsArgs, StopArgs};
use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::Output;
use crate::request::Request;
use crate::watch;
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::text;

pub(super) async fn stop(args: &StopArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let sessions = client.resolve_all(&args.ids).await?;
    // All of them first: they end side by side.
    for session in &sessions {
        client.session(&session.path).await?.stop(&Options::new()).await?;
    }
    if args.no_block {
        return Ok(SUCCESS);
    }
    for session in &sessions {
        let end = watch::wait_for_end(&client, session).await?;
        tell_end(&end, session, output)?;
    }
    Ok(SUCCESS)
}

pub(super) async fn kill(args: &KillArgs, agent: &Connector) -> Result<u8, Failure> {
    let signal = text::parse_signal(&args.signal)?;
    let client = agent.client().await?;
    for session in client.resolve_all(&args.ids).await? {
        client.session(&session.path).await?.kill(signal).await?;
    }
    Ok(SUCCESS)
}

pub(super) async fn pause(args: &IdsArgs, agent: &Connector) -> Result<u8, Failure> {
    let client = agent.client().await?;
    for session in client.resolve_all(&args.ids).await? {
        client.session(&session.path).await?.pause().await?;
    }
    Ok(SUCCESS)
}

pub(super) async fn resume(args: &IdsArgs, agent: &Connector) -> Result<u8, Failure> {
    let client = agent.client().await?;
    for session in client.resolve_all(&args.ids).await? {
        client.session(&session.path).await?.resume().await?;
    }
    Ok(SUCCESS)
}

pub(super) async fn set_limits(args: &SetLimitsArgs, agent: &Connector) -> Result<u8, Failure> {
    let limits = Request::limits(&args.limits)?;
    let client = agent.client().await?;
    let session = client.resolve(&args.id).await?;
    client.session(&session.path).await?.set_limits(&limits.into_options()).await?;
    Ok(SUCCESS)
}
