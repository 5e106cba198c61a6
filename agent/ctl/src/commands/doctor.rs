//! `doctor`, `capabilities`

use crate::client::Connector;
use crate::exit::{FAILED, Failure, SUCCESS};
use crate::output::{Output, Style, printable};
use crate::properties::{json_of, line_of};
use crate::table::{Cell, Table};
use dillinger_runner_api::wire::Finding;

pub(super) async fn doctor(agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let dicts = client.manager.diagnose().await?;
    let findings: Vec<Finding> = dicts.iter().map(Finding::from_dict).collect();
    if output.json {
        output.document(&dicts.iter().map(json_of).collect())?;
    } else {
        report(&findings, output)?;
    }
    let failed = findings.iter().any(|finding| finding.status == "error");
    Ok(if failed { FAILED } else { SUCCESS })
}

/// All findings in a table; what is not well again below it, with why and how to mend it.
fn report(findings: &[Finding], output: &mut Output) -> Result<(), Failure> {
    let mut table = Table::new(&["STATUS", "CHECK", "FINDING"]);
    for finding in findings {
        table.row([
            Cell::styled(Style::of(&finding.status), &finding.status),
            finding.id.as_str().into(),
            finding.summary.as_str().into(),
        ]);
    }
    table.print(output)?;
    for finding in findings.iter().filter(|finding| finding.status != "ok") {
        let head = output.styled(Style::of(&finding.status), &finding.id);
        output.line(&format!("\n{head}: {}", printable(&finding.why)))?;
        for line in finding.remedy.lines() {
            output.line(&format!("    {}", printable(line)))?;
        }
    }
    Ok(())
}

pub(super) async fn capabilities(agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let capabilities = client.manager.capabilities().await?;
    if output.json {
        output.document(&json_of(&capabilities))?;
        return Ok(SUCCESS);
    }
    let mut names: Vec<_> = capabilities.iter().collect();
    names.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in names {
        output.line(&format!("{name}={}", line_of(name, value)))?;
    }
    Ok(SUCCESS)
}
