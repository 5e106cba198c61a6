//! `runners`

use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, Style};
use crate::properties::{json_of, text_of};
use crate::table::{Cell, Table};
use dillinger_runner_api::Dict;
use dillinger_runner_api::wire::Field;

pub(super) async fn runners(agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let capabilities = agent.client().await?.manager.capabilities().await?;
    let value = capabilities.get("RunnerVersions").and_then(|value| value.try_clone().ok());
    let versions: Vec<Dict> = value.and_then(|value| value.try_into().ok()).unwrap_or_default();
    if output.json {
        output.document(&versions.iter().map(json_of).collect())?;
        return Ok(SUCCESS);
    }
    let mut table = Table::new(&["NAME", "RUNNER", "USABLE", "PATH"]);
    for version in &versions {
        let usable = bool::read(version.get("Supported"));
        let word = if usable { Cell::styled(Style::Good, "yes") } else { Cell::styled(Style::Bad, "no") };
        table.row([
            text_of(version, "Name").into(),
            text_of(version, "Runner").into(),
            word,
            text_of(version, "Path").into(),
        ]);
    }
    table.print(output)?;
    for version in versions.iter().filter(|version| !bool::read(version.get("Supported"))) {
        let head = output.styled(Style::Bad, &crate::output::printable(&text_of(version, "Name")));
        output.line(&format!("\n{head}: {}", crate::output::printable(&text_of(version, "Reason"))))?;
    }
    Ok(SUCCESS)
}
