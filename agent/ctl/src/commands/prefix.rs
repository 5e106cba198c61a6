//! `prefix`

use crate::archive;
use crate::cli::{
    ExportArgs, ImportArgs, PrefixArgs, PrefixCommand, PrefixListArgs, RemoveArgs, RollbackArgs, SnapshotArgs,
};
use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, printable};
use crate::properties::{json_of, line_of};
use crate::table::Table;
use dillinger_runner_api::proxy::{Options, PrefixesProxy};
use dillinger_runner_api::wire::{Prefix, PrefixSnapshot};
use dillinger_runner_api::{Dict, text};
use serde_json::json;
use zbus::Fd;

const SNAPSHOTS: &str = "Snapshots";

pub(super) async fn prefix(command: &PrefixCommand, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    if let PrefixCommand::Export(args) = command {
        archive::check_output(&args.file)?;
    }
    let prefixes = agent.client().await?.prefixes().await?;
    match command {
        PrefixCommand::List(args) => list(args, &prefixes, output).await?,
        PrefixCommand::Show(args) => show(args, &prefixes, output).await?,
        PrefixCommand::Snapshot(args) => snapshot(args, &prefixes, output).await?,
        PrefixCommand::Rollback(args) => rollback(args, &prefixes, output).await?,
        PrefixCommand::Export(args) => export(args, &prefixes, output).await?,
        PrefixCommand::Import(args) => import(args, &prefixes, output).await?,
        PrefixCommand::Rm(args) => remove(args, &prefixes, output).await?,
    }
    Ok(SUCCESS)
}

async fn list(args: &PrefixListArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let listed = prefixes.list_prefixes().await?;
    if output.json {
        return output.document(&listed.iter().map(json_of).collect());
    }
    let mut known = listed.iter().map(Prefix::from_dict);
    if args.quiet {
        return known.try_for_each(|prefix| output.line(&printable(&prefix.name)));
    }
    let mut table = Table::new(&["NAME", "RUNNER", "BUILD", ">SIZE", ">SNAPSHOTS", "LAST USED", "IN USE BY"]);
    for prefix in known {
        table.row([
            prefix.name.as_str().into(),
            prefix.runner.as_str().into(),
            or_dash(&prefix.runner_version).into(),
            text::format_bytes(prefix.bytes).into(),
            prefix.snapshot_count.to_string().into(),
            time(prefix.last_used_timestamp).into(),
            or_dash(&prefix.holder).into(),
        ]);
    }
    table.print(output)
}

async fn show(args: &PrefixArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let prefix = prefixes.get_prefix(&args.name).await?;
    if output.json {
        return output.document(&json_of(&prefix));
    }
    let mut names: Vec<_> = prefix.iter().filter(|(name, _)| *name != SNAPSHOTS).collect();
    names.sort_by_key(|(name, _)| name.as_str());
    for (name, value) in names {
        output.line(&format!("{name}={}", line_of(name, value)))?;
    }
    let value = prefix.get(SNAPSHOTS).and_then(|value| value.try_clone().ok());
    let snapshots: Vec<Dict> = value.and_then(|value| value.try_into().ok()).unwrap_or_default();
    if snapshots.is_empty() {
        return Ok(());
    }
    output.line("")?;
    let mut table = Table::new(&["SNAPSHOT", "TAKEN", ">SIZE", "AUTOMATIC", "COMMENT"]);
    for snapshot in snapshots.iter().map(PrefixSnapshot::from_dict) {
        table.row([
            snapshot.name.as_str().into(),
            time(snapshot.created_timestamp).into(),
            text::format_bytes(snapshot.bytes).into(),
            if snapshot.automatic { "yes" } else { "no" }.into(),
            snapshot.comment.as_str().into(),
        ]);
    }
    table.print(output)
}

async fn snapshot(args: &SnapshotArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let options: Options<'_> = args.comment.iter().map(|comment| ("Comment", comment.as_str().into())).collect();
    let snapshot = prefixes.snapshot_prefix(&args.name, &options).await?;
    if output.json {
        return output.document(&json!({ "Name": args.name, "Snapshot": snapshot }));
    }
    output.line(&printable(&snapshot))
}

async fn rollback(args: &RollbackArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let before = prefixes.rollback_prefix(&args.name, &args.snapshot).await?;
    if output.json {
        return output.document(&json!({ "Name": args.name, "Snapshot": args.snapshot, "Before": before }));
    }
    let (name, snapshot) = (&args.name, &args.snapshot);
    output.line(&printable(&format!(
        "prefix {name} is what it was at snapshot {snapshot}; its state before is snapshot {before}"
    )))
}

async fn export(args: &ExportArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let tar = prefixes.export_prefix(&args.name).await?;
    super::saves::saved(args, tar, output).await
}

async fn import(args: &ImportArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let tar = archive::open(&args.file)?;
    prefixes.import_prefix(&args.name, Fd::from(&tar)).await?;
    if output.json {
        return output.document(&json!({ "Name": args.name }));
    }
    Ok(())
}

async fn remove(args: &RemoveArgs, prefixes: &PrefixesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    for name in &args.names {
        prefixes.remove_prefix(name).await?;
        if output.json {
            output.document(&json!({ "Name": name }))?;
        } else {
            output.line(&printable(&format!("removed prefix {name} and its snapshots")))?;
        }
    }
    Ok(())
}

pub(super) fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// A time in a table.
pub(super) fn time(usec: u64) -> String {
    if usec == 0 { "-".to_owned() } else { text::timestamp(usec) }
}
