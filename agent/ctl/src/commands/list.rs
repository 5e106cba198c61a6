//! `list`

use crate::cli::ListArgs;
use crate::client::{Client, Connector};
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, Style};
use crate::properties::{json_of, number_of, shown_id, text_of};
use crate::table::{Cell, Table};
use dillinger_runner_api::{Dict, names, text};
use zbus::fdo::ObjectManagerProxy;
use zbus::proxy::CacheProperties;

pub(super) async fn list(args: &ListArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let mut sessions = sessions(&client).await?;
    sessions.retain(|session| args.all || text_of(session, "State") != "ended");
    if output.json {
        let all: serde_json::Value = sessions.iter().map(json_of).collect();
        output.document(&all)?;
    } else if args.quiet {
        for session in &sessions {
            output.line(&text_of(session, "Id"))?;
        }
    } else {
        table(&sessions, args.no_trunc).print(output)?;
    }
    Ok(SUCCESS)
}

/// The properties of all sessions, oldest first, in one call.
pub(super) async fn sessions(client: &Client) -> Result<Vec<Dict>, Failure> {
    let manager = ObjectManagerProxy::builder(&client.connection)
        .destination(names::BUS_NAME)
        .path(names::MANAGER_PATH)
        .cache_properties(CacheProperties::No)
        .build()
        .await?;
    let objects = manager.get_managed_objects().await?;
    let mut sessions: Vec<Dict> = objects
        .into_values()
        .filter_map(|mut interfaces| {
            let session = interfaces.keys().find(|name| name.as_str() == names::SESSION_INTERFACE)?.clone();
            interfaces.remove(&session)
        })
        .collect();
    sessions.sort_by_key(|session| (number_of(session, "CreatedTimestamp"), text_of(session, "Id")));
    Ok(sessions)
}

fn table(sessions: &[Dict], whole_ids: bool) -> Table {
    let mut table = Table::new(&["ID", "STATE", "OUTCOME", "STARTED", "TITLE"]);
    for session in sessions {
        let id = text_of(session, "Id");
        let (state, outcome) = (text_of(session, "State"), text_of(session, "Outcome"));
        let started = number_of(session, "StartedTimestamp").unwrap_or_default();
        table.row([
            shown_id(&id, whole_ids).into(),
            Cell::styled(Style::of(&state), &state),
            Cell::styled(Style::of(&outcome), &outcome),
            if started == 0 { "-".into() } else { text::timestamp(started).into() },
            text_of(session, "Title").into(),
        ]);
    }
    table
}
