//! `top`

use super::list::sessions;
use crate::cli::TopArgs;
use crate::client::{Client, Connector};
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, Style};
use crate::properties::{json_of, shown_id, text_of};
use crate::table::{Cell, Table};
use dillinger_runner_api::text::{self, USEC_PER_SEC};
use dillinger_runner_api::wire::Metrics;
use dillinger_runner_api::{Dict, names};
use std::collections::HashMap;
use std::time::Duration;

/// Moves to the upper left corner and clears what was there.
const CLEAR: &str = "\x1b[H\x1b[2J";

pub(super) async fn top(args: &TopArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let delay = text::parse_span(&args.delay, USEC_PER_SEC)?;
    if delay < USEC_PER_SEC / 10 || delay == text::INFINITY {
        return Err(Failure::Usage(format!(
            "a delay of {:?} is too short or endless, expected 100ms or more",
            args.delay
        )));
    }
    let client = agent.client().await?;
    let mut earlier = HashMap::new();
    let mut round: u64 = 0;
    loop {
        let samples = samples(&client).await?;
        show(&samples, &earlier, output)?;
        round = round.saturating_add(1);
        if args.count.is_some_and(|count| round >= count) {
            return Ok(SUCCESS);
        }
        earlier = samples.into_iter().map(|sample| (sample.id, sample.metrics)).collect();
        tokio::time::sleep(Duration::from_micros(delay)).await;
    }
}

/// What one session uses.
struct Sample {
    id: String,
    state: String,
    title: String,
    raw: Dict,
    metrics: Metrics,
}

async fn samples(client: &Client) -> Result<Vec<Sample>, Failure> {
    let mut samples = Vec::new();
    for session in sessions(client).await? {
        let (id, state) = (text_of(&session, "Id"), text_of(&session, "State"));
        let Some(path) = names::session_path(&id).filter(|_| state != "ended") else { continue };
        // One that ends just now has nothing to show.
        let Ok(raw) = client.session(&path).await?.read_metrics().await else { continue };
        let metrics = Metrics::from_dict(&raw);
        samples.push(Sample { id, state, title: text_of(&session, "Title"), raw, metrics });
    }
    Ok(samples)
}

fn show(samples: &[Sample], earlier: &HashMap<String, Metrics>, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        for sample in samples {
            let mut object = json_of(&sample.raw);
            if let Some(object) = object.as_object_mut() {
                object.insert("Id".to_owned(), sample.id.as_str().into());
                object.insert("State".to_owned(), sample.state.as_str().into());
                object.insert("Title".to_owned(), sample.title.as_str().into());
            }
            output.line(&object.to_string())?;
        }
        return Ok(());
    }
    let columns =
        ["ID", "STATE", ">CPU", ">MEMORY", ">PEAK", ">TASKS", ">READ/s", ">WRITE/s", ">VIEWERS", ">FPS", "TITLE"];
    let mut table = Table::new(&columns);
    for sample in samples {
        table.row(row(sample, earlier.get(&sample.id)));
    }
    let text = table.render(output);
    let clear = if output.terminal { CLEAR } else { "" };
    output.raw(&format!("{clear}{text}"))
}

fn row(sample: &Sample, earlier: Option<&Metrics>) -> [Cell; 11] {
    let dash = || "-".to_owned();
    let now = &sample.metrics;
    let rate = |of: fn(&Metrics) -> Option<u64>| rate(earlier?, now, of);
    let per_second = |of| rate(of).map_or_else(dash, text::format_bytes);
    [
        shown_id(&sample.id, false).into(),
        Cell::styled(Style::of(&sample.state), &sample.state),
        // Microseconds of processor time per second are hundredths of a percent of a percent.
        rate(|metrics| metrics.cpu_usage_usec).map_or_else(dash, |usec| format!("{}%", usec / 10_000)).into(),
        now.memory_current.map_or_else(dash, text::format_bytes).into(),
        now.memory_peak.map_or_else(dash, text::format_bytes).into(),
        now.tasks_current.map_or_else(dash, |tasks| tasks.to_string()).into(),
        per_second(|metrics| metrics.io_read_bytes).into(),
        per_second(|metrics| metrics.io_write_bytes).into(),
        now.viewers.map_or_else(dash, |viewers| viewers.to_string()).into(),
        now.frame_rate.map_or_else(dash, |rate| format!("{rate:.0}")).into(),
        sample.title.as_str().into(),
    ]
}

/// How much a counter has grown per second between two samples.
fn rate(earlier: &Metrics, now: &Metrics, of: fn(&Metrics) -> Option<u64>) -> Option<u64> {
    let span = now.timestamp_usec?.checked_sub(earlier.timestamp_usec?)?;
    let grown = of(now)?.saturating_sub(of(earlier)?);
    let per_second = u128::from(grown) * u128::from(USEC_PER_SEC) / u128::from(span.max(1));
    u64::try_from(per_second).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_second() {
        let at =
            |timestamp, cpu| Metrics { timestamp_usec: Some(timestamp), cpu_usage_usec: cpu, ..Metrics::default() };
        let cpu = |metrics: &Metrics| metrics.cpu_usage_usec;
        assert_eq!(rate(&at(0, Some(0)), &at(2_000_000, Some(1_000_000)), cpu), Some(500_000));
        assert_eq!(rate(&at(0, Some(9)), &at(2_000_000, Some(1)), cpu), Some(0));
        assert_eq!(rate(&at(0, None), &at(2_000_000, Some(1)), cpu), None);
        assert_eq!(rate(&at(5, Some(1)), &at(1, Some(1)), cpu), None);
    }
}
