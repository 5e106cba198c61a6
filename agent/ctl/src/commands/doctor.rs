//! `doctor`, `capabilities`

use crate::client::Connector;
use crate::exit::{FAILED, Failure, SUCCESS};
use crate::output::{Output, Style, printable};
use crate::properties::{json_of, line_of};
use crate::table::{Cell, Table};
use dillinger_runner_api::wire::Finding;
use std::time::Duration;

/// How long the checks take where nothing has to start first.
const SOON: Duration = Duration::from_secs(1);
/// What is said of those that take longer.
const WAITING: &str = "checking; Podman may have to start first, which can take a minute";

pub(super) async fn doctor(agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let dicts = with_notice(client.manager.diagnose(), SOON, output).await??;
    let findings: Vec<Finding> = dicts.iter().map(Finding::from_dict).collect();
    if output.json {
        output.document(&dicts.iter().map(json_of).collect())?;
    } else {
        report(&findings, output)?;
    }
    let failed = findings.iter().any(|finding| finding.status == "error");
    Ok(if failed { FAILED } else { SUCCESS })
}

/// Does the work. When it is not soon done, a terminal says why, until it is.
async fn with_notice<T>(work: impl Future<Output = T>, soon: Duration, output: &mut Output) -> Result<T, Failure> {
    if output.json || !output.err_terminal {
        return Ok(work.await);
    }
    tokio::pin!(work);
    if let Ok(done) = tokio::time::timeout(soon, &mut work).await {
        return Ok(done);
    }
    output.complain_raw(&format!("\r{WAITING} ...\x1b[K"))?;
    let done = work.await;
    output.complain_raw("\r\x1b[K")?;
    Ok(done)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Read};

    /// What standard error gets while the work takes so long.
    async fn said(takes: Duration, terminal: bool, json: bool) -> String {
        let (mut read, write) = io::pipe().unwrap();
        let mut output = Output::plain(Box::new(io::sink()), Box::new(write), json);
        output.err_terminal = terminal;
        let work = async {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            7
        };
        assert_eq!(with_notice(work, Duration::ZERO, &mut output).await.unwrap(), 7);
        drop(output);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        text
    }

    #[tokio::test]
    async fn a_long_wait_is_explained_on_a_terminal() {
        let long = Duration::from_millis(200);
        let text = said(long, true, false).await;
        assert!(text.contains("Podman may have to start first") && text.ends_with("\r\x1b[K"), "{text:?}");
        assert_eq!(said(Duration::ZERO, true, false).await, "");
        assert_eq!(said(long, false, false).await, "");
        assert_eq!(said(long, true, true).await, "");
    }
}
