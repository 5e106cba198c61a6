//! `explain`

use crate::cli::RequestArgs;
use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, Style, printable};
use crate::properties::{json_of, list_of};
use crate::request::Request;
use crate::table::Table;
use dillinger_runner_api::Dict;
use std::collections::BTreeMap;

pub(super) async fn explain(args: &RequestArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let request = Request::from_args(args)?;
    let client = agent.client().await?;
    let explanation = client.manager.explain(&request.into_options()).await?;
    if output.json {
        output.document(&json_of(&explanation))?;
        return Ok(SUCCESS);
    }
    decisions(&explanation, output)?;
    for warning in list_of(&explanation, "Warnings") {
        let head = output.styled(Style::Warn, "warning");
        output.line(&format!("{head}: {}", printable(&warning)))?;
    }
    for (file, text) in units(&explanation) {
        let head = output.styled(Style::Bold, &format!("# {}", printable(&file)));
        output.line(&format!("\n{head}"))?;
        for line in text.lines() {
            output.line(&printable(line))?;
        }
    }
    Ok(SUCCESS)
}

fn decisions(explanation: &Dict, output: &mut Output) -> Result<(), Failure> {
    let value = explanation.get("Decisions").and_then(|value| value.try_clone().ok());
    let rows: Vec<(String, String, String)> = value.and_then(|value| value.try_into().ok()).unwrap_or_default();
    let mut table = Table::new(&["KEY", "VALUE", "REASON"]);
    for (key, value, reason) in rows {
        table.row([key.into(), value.into(), reason.into()]);
    }
    table.print(output)
}

/// File name and text of each unit.
fn units(explanation: &Dict) -> BTreeMap<String, String> {
    let value = explanation.get("Units").and_then(|value| value.try_clone().ok());
    value.and_then(|value| value.try_into().ok()).unwrap_or_default()
}
