//! `saves`

use super::prefix::{or_dash, time};
use crate::archive;
use crate::cli::{ExportArgs, SavesCommand, SavesListArgs};
use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::{Output, printable};
use crate::properties::json_of;
use crate::table::Table;
use dillinger_runner_api::proxy::SavesProxy;
use dillinger_runner_api::text;
use dillinger_runner_api::wire::SavesRecord;
use serde_json::json;
use std::path::Path;
use zbus::Fd;

pub(super) async fn saves(command: &SavesCommand, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    if let SavesCommand::Export(args) = command {
        archive::check_output(&args.file)?;
    }
    let saves = agent.client().await?.saves().await?;
    match command {
        SavesCommand::List(args) => list(args, &saves, output).await?,
        SavesCommand::Export(args) => saved(args, saves.export_saves(&args.name).await?, output).await?,
        SavesCommand::Import(args) => {
            let tar = archive::open(&args.file)?;
            saves.import_saves(&args.name, Fd::from(&tar)).await?;
            if output.json {
                output.document(&json!({ "Name": args.name }))?;
            }
        }
    }
    Ok(SUCCESS)
}

async fn list(args: &SavesListArgs, saves: &SavesProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let listed = saves.list_saves().await?;
    if output.json {
        return output.document(&listed.iter().map(json_of).collect());
    }
    let mut known = listed.iter().map(SavesRecord::from_dict);
    if args.quiet {
        return known.try_for_each(|one| output.line(&printable(&one.name)));
    }
    let mut table = Table::new(&["NAME", ">SIZE", ">FILES", "MODIFIED", "IN USE BY"]);
    for one in known {
        table.row([
            one.name.as_str().into(),
            text::format_bytes(one.bytes).into(),
            one.files.to_string().into(),
            time(one.modified_timestamp).into(),
            or_dash(&one.holder).into(),
        ]);
    }
    table.print(output)
}

/// Writes an archive where it is wanted.
pub(super) async fn saved(args: &ExportArgs, tar: zbus::OwnedFd, output: &mut Output) -> Result<(), Failure> {
    let file = args.file.clone();
    let saved = tokio::task::spawn_blocking(move || archive::save(tar, &file)).await;
    let size = saved.map_err(|error| Failure::Other(error.to_string()))??;
    if output.json && args.file != Path::new("-") {
        let file = args.file.display().to_string();
        output.document(&json!({ "Name": args.name, "File": file, "Size": size }))?;
    }
    Ok(())
}
