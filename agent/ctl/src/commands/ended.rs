//! `ended`

use crate::cli::EndedArgs;
use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, Style};
use crate::properties::{json_of, shown_id};
use crate::table::{Cell, Table};
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::text::{self, USEC_PER_SEC};
use dillinger_runner_api::wire::EndedRecord;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) async fn ended(args: &EndedArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let options = options(args)?;
    let client = agent.client().await?;
    let records = client.manager.list_ended(&options).await?;
    if output.json {
        output.document(&records.iter().map(json_of).collect())?;
        return Ok(SUCCESS);
    }
    let columns = ["ID", "OUTCOME", ">STATUS", "ENDED", ">DURATION", ">CPU", ">MEMORY PEAK", "TITLE"];
    let mut table = Table::new(&columns);
    for record in &records {
        table.row(row(&EndedRecord::from_dict(record), args.no_trunc));
    }
    table.print(output)?;
    Ok(SUCCESS)
}

fn options(args: &EndedArgs) -> Result<Options<'_>, Failure> {
    let mut options = Options::new();
    if let Some(lines) = args.lines {
        options.insert("Limit", lines.into());
    }
    if let Some(game) = &args.game_id {
        options.insert("GameId", game.as_str().into());
    }
    if let Some(since) = &args.since {
        let span = text::parse_span(since, USEC_PER_SEC)?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        options.insert("SinceUSec", u64::try_from(now).unwrap_or(u64::MAX).saturating_sub(span).into());
    }
    Ok(options)
}

fn row(record: &EndedRecord, whole_ids: bool) -> [Cell; 8] {
    let dash = || "-".to_owned();
    let status = match (record.outcome.as_str(), record.exit_status) {
        ("killed", Some(signal)) => text::signal_name(signal),
        (_, Some(status)) => status.to_string(),
        (_, None) => dash(),
    };
    let ran = record.ended_timestamp.checked_sub(record.started_timestamp).filter(|_| record.started_timestamp != 0);
    let rounded = |usec: u64, unit: u64| text::format_span(usec - usec % unit);
    [
        shown_id(&record.id, whole_ids).into(),
        Cell::styled(Style::of(&record.outcome), &record.outcome),
        status.into(),
        text::timestamp(record.ended_timestamp).into(),
        ran.map_or_else(dash, |usec| rounded(usec, USEC_PER_SEC)).into(),
        record.cpu_usage_usec.map_or_else(dash, |usec| rounded(usec, 1000)).into(),
        record.memory_peak.map_or_else(dash, text::format_bytes).into(),
        record.title.as_str().into(),
    ]
}
