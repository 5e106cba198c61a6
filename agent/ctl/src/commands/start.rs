//! `start`

use crate::cli::StartArgs;
use crate::client::{Client, Connector, SessionRef};
use crate::exit::{End, Failure, SUCCESS};
use crate::output::Output;
use crate::request::Request;
use crate::watch;
use dillinger_runner_api::names;
use serde_json::json;

pub(super) async fn start(args: &StartArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let request = Request::from_args(&args.request)?;
    let client = agent.client().await?;
    let session = start_session(&client, request).await?;
    if output.json {
        output.document(&json!({ "Id": session.id, "Path": session.path.as_str() }))?;
    } else {
        output.line(&session.id)?;
    }
    if !args.wait {
        return Ok(SUCCESS);
    }
    let end = watch::wait_for_end(&client, &session).await?;
    tell_end(&end, &session, output)?;
    Ok(end.exit_code())
}

/// Starts a session.
pub(super) async fn start_session(client: &Client, request: Request) -> Result<SessionRef, Failure> {
    let path = client.manager.start_session(&request.into_options()).await?;
    let id = names::session_id(path.as_str())
        .ok_or_else(|| Failure::Other(format!("the agent answered with {path}, which is no session's path")))?
        .to_owned();
    Ok(SessionRef { id, path })
}

/// Says on standard error how a session ended, or on standard output as JSON.
pub(super) fn tell_end(end: &End, session: &SessionRef, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        let End { outcome, reason, status } = end;
        return output.document(&json!({
            "Id": session.id, "State": "ended", "Outcome": outcome, "OutcomeReason": reason, "ExitStatus": status
        }));
    }
    if matches!(end.outcome.as_str(), "exited" | "stopped") {
        return Ok(());
    }
    let reason = if end.reason.is_empty() { String::new() } else { format!(": {}", end.reason) };
    output.complain(&crate::output::printable(&format!("session {} ended: {}{reason}", session.id, end.outcome)))
}
