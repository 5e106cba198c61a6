//! Measures the agent on the bus of the user who calls this, see README.md.

mod bare;
mod client;
mod end;
mod figures;
mod load;
mod start;
mod unit;

use anyhow::{Result, bail};
use client::Client;
use figures::Figure;
use std::process::ExitCode;

const SECTIONS: [&str; 5] = ["start", "start-at-once", "end", "idle", "load"];

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let result = runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(measure()));
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("dillinger-bench: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures the sections that the arguments name, by default all. False if `--check` was given and a target is missed.
async fn measure() -> Result<bool> {
    let mut sections: Vec<String> = std::env::args().skip(1).collect();
    let check = sections.iter().any(|word| word == "--check");
    sections.retain(|word| word != "--check");
    if let Some(unknown) = sections.iter().find(|word| !SECTIONS.contains(&word.as_str())) {
        bail!("there is no section {unknown}, there are {}", SECTIONS.join(", "));
    }
    let mut client = Client::connect().await?;
    let mut good = true;
    println!("{}", figures::heading());
    for section in SECTIONS.iter().filter(|name| sections.is_empty() || sections.iter().any(|word| word == *name)) {
        for figure in measure_section(&mut client, section).await? {
            println!("{figure}");
            good &= figure.is_good();
        }
    }
    Ok(good || !check)
}

async fn measure_section(client: &mut Client, section: &str) -> Result<Vec<Figure>> {
    Ok(match section {
        "start" => vec![start::one(client).await?],
        "start-at-once" => vec![start::at_once(client).await?],
        "end" => vec![end::end(client).await?],
        "idle" => load::idle(client).await?,
        _ => load::loaded(client).await?,
    })
}
