//! `show`

use super::stream::bits;
use crate::cli::ShowArgs;
use crate::client::{Client, Connector, SessionRef};
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, Style, printable};
use crate::properties::{json_of, line_of, list_of, number_of, text_of};
use dillinger_runner_api::wire::{Field, Metrics};
use dillinger_runner_api::{Dict, keys, text};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) async fn show(args: &ShowArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let session = client.resolve(&args.id).await?;
    let mut properties = client.session_properties(&session.path).await?;
    if !args.property.is_empty() {
        let unknown = args.property.iter().find(|name| !properties.contains_key(*name));
        if let Some(name) = unknown {
            return Err(Failure::Usage(format!("a session has no property {name:?}; `show --all` lists them")));
        }
        properties.retain(|name, _| args.property.contains(name));
    }
    if output.json {
        output.document(&json_of(&properties))?;
    } else if args.all || args.value || !args.property.is_empty() {
        assignments(args, &properties, output)?;
    } else {
        let metrics = metrics(&client, &session, &properties).await?;
        let display = display(&client, &session, &properties).await?;
        block(&properties, &display, &metrics, output)?;
    }
    Ok(SUCCESS)
}

/// `NAME=value` lines, in the order asked for, else sorted.
fn assignments(args: &ShowArgs, properties: &Dict, output: &mut Output) -> Result<(), Failure> {
    let mut names: Vec<&String> = properties.keys().collect();
    names.sort();
    let names = if args.property.is_empty() { names } else { args.property.iter().collect() };
    for (name, value) in names.iter().filter_map(|name| properties.get_key_value(name.as_str())) {
        let line = line_of(name, value);
        output.line(&if args.value { line } else { format!("{name}={line}") })?;
    }
    Ok(())
}

async fn metrics(client: &Client, session: &SessionRef, properties: &Dict) -> Result<Metrics, Failure> {
    if !matches!(text_of(properties, "State").as_str(), "running" | "paused" | "stopping") {
        return Ok(Metrics::default());
    }
    // It may end at any moment; then there is nothing to show.
    let read = client.session(&session.path).await?.read_metrics().await;
    Ok(read.map(|dict| Metrics::from_dict(&dict)).unwrap_or_default())
}

/// What is known of the display of a streamed session that lives.
async fn display(
    client: &Client,
    session: &SessionRef,
    properties: &Dict,
) -> Result<Vec<(&'static str, String)>, Failure> {
    if text_of(properties, "Display") != "stream" || text_of(properties, "State") == "ended" {
        return Ok(Vec::new());
    }
    // It may end at any moment; then there is nothing to show.
    let dict = client.stream_properties(&session.path).await.unwrap_or_default();
    let number = |name: &str| Option::<u32>::read(dict.get(name)).unwrap_or_default();
    let mode = format!("{}x{}@{}", number("Width"), number("Height"), number("RefreshRate"));
    let encoder = text_of(&dict, "Encoder");
    if encoder.is_empty() {
        return Ok(vec![("Display", format!("{mode}, not up"))]);
    }
    let (rate, bitrate) = (f64::read(dict.get("FrameRate")), u64::read(dict.get("Bitrate")));
    let latency = number_of(&dict, "EncodeLatencyUSec").unwrap_or_default();
    let encoding = format!("{rate:.0} fps, {}bit/s, {:.1} ms to encode", bits(bitrate), micro_to_milli(latency));
    let viewers: Vec<Dict> =
        dict.get("Viewers").and_then(|value| value.try_clone().ok()?.try_into().ok()).unwrap_or_default();
    let connected = viewers.iter().filter(|viewer| text_of(viewer, "State") == "connected").count();
    Ok(vec![
        ("Display", format!("{mode}, {encoding}")),
        ("Encoder", format!("{encoder}, {} ({})", text_of(&dict, "Codec"), text_of(&dict, "EncoderReason"))),
        ("Audio", text_of(&dict, "AudioStatus")),
        ("Gamepads", text_of(&dict, "GamepadStatus")),
        ("Viewers", connected.to_string()),
    ])
}

#[allow(clippy::cast_precision_loss, reason = "a time to show")]
fn micro_to_milli(usec: u64) -> f64 {
    usec as f64 / 1000.0
}

/// What `systemctl status` would show.
fn block(
    properties: &Dict,
    display: &[(&'static str, String)],
    metrics: &Metrics,
    output: &mut Output,
) -> Result<(), Failure> {
    let word = if text_of(properties, "State") == "ended" { "Outcome" } else { "State" };
    let style = Style::of(&text_of(properties, word));
    let dot = output.styled(style, "●");
    output.line(&format!("{dot} {} - {}", text_of(properties, "Id"), printable(&text_of(properties, "Title"))))?;
    for (label, line) in facts(properties).into_iter().chain(display.iter().cloned()).chain(usage(metrics)) {
        let line = printable(&line);
        let line = if label == "State" { output.styled(style, &line) } else { line };
        output.line(&format!("{label:>10}: {line}"))?;
    }
    for warning in list_of(properties, "Warnings") {
        let head = output.styled(Style::Warn, &format!("{:>10}", "Warning"));
        output.line(&format!("{head}: {}", printable(&warning)))?;
    }
    Ok(())
}

fn facts(properties: &Dict) -> Vec<(&'static str, String)> {
    let mut facts = vec![("State", state(properties))];
    let named =
        [("Game", "GameId"), ("Image", "Image"), ("Unit", "Unit"), ("Slice", "Slice"), ("CGroup", "ControlGroup")];
    facts.extend(named.map(|(label, name)| (label, text_of(properties, name))));
    let times = [("Created", "CreatedTimestamp"), ("Started", "StartedTimestamp"), ("Ended", "EndedTimestamp")];
    facts.extend(times.map(|(label, name)| (label, time(number_of(properties, name)))));
    facts.push(("Command", text::join_words(&list_of(properties, "Command"))));
    let program = [vec![text_of(properties, "Executable")], list_of(properties, "Arguments")].concat();
    if program.first().is_some_and(|name| !name.is_empty()) {
        facts.push(("Program", text::join_words(&program)));
        facts.push(("Prefix", text_of(properties, "Prefix")));
    }
    facts.push(("Limits", limits(properties)));
    facts.retain(|(_, line)| !line.is_empty());
    facts
}

fn state(properties: &Dict) -> String {
    let state = text_of(properties, "State");
    if state != "ended" {
        return state;
    }
    let (outcome, reason) = (text_of(properties, "Outcome"), text_of(properties, "OutcomeReason"));
    if reason.is_empty() { format!("{state} ({outcome})") } else { format!("{state} ({outcome}: {reason})") }
}

fn time(usec: Option<u64>) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    let now = u64::try_from(now).unwrap_or(u64::MAX);
    match usec {
        None | Some(0) => String::new(),
        Some(usec) => format!("{}; {}", text::timestamp(usec), text::ago(usec, now)),
    }
}

/// The limits that are set.
fn limits(properties: &Dict) -> String {
    let set = |name: &str| match number_of(properties, name) {
        Some(number) => number != text::INFINITY,
        None => !text_of(properties, name).is_empty(),
    };
    let limits = keys::ALL.iter().filter(|key| key.limit && set(key.name));
    let texts: Vec<String> = limits
        .filter_map(|key| {
            let value = properties.get(key.name)?;
            let line = match number_of(properties, key.name) {
                Some(bytes) if key.form == keys::Form::Size => text::format_bytes(bytes),
                _ => line_of(key.name, value),
            };
            Some(format!("{}={line}", key.name))
        })
        .collect();
    texts.join(" ")
}

fn usage(metrics: &Metrics) -> Vec<(&'static str, String)> {
    let mut usage = Vec::new();
    if let Some(current) = metrics.memory_current {
        let peak = metrics.memory_peak.map(|peak| format!(" (peak: {})", text::format_bytes(peak)));
        usage.push(("Memory", text::format_bytes(current) + &peak.unwrap_or_default()));
    }
    if let Some(cpu) = metrics.cpu_usage_usec {
        // To the millisecond, as systemctl.
        usage.push(("CPU", text::format_span(cpu - cpu % 1000)));
    }
    usage.extend(metrics.tasks_current.map(|tasks| ("Tasks", tasks.to_string())));
    usage
}
