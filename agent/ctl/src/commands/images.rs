//! `images prepare`

use crate::cli::PrepareArgs;
use crate::client::Connector;
use crate::exit::{FAILED, Failure, SUCCESS};
use crate::output::{Output, printable};
use crate::properties::{json_of, number_of, text_of};
use crate::watch::Watch;
use dillinger_runner_api::proxy::{JobProxy, Options};
use dillinger_runner_api::wire::Field;
use dillinger_runner_api::{Dict, names, text};
use zbus::proxy::CacheProperties;

const BAR_WIDTH: usize = 30;

pub(super) async fn prepare(args: &PrepareArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let mut options = Options::from([("Pull", args.pull.as_str().into())]);
    if let Some(version) = &args.runner_version {
        options.insert("RunnerVersion", version.as_str().into());
    }
    let path = client.manager.prepare_image(&args.image, &options).await?;
    let builder = JobProxy::builder(&client.connection).path(path.clone()).cache_properties(CacheProperties::No);
    let job = builder.build().await?;
    let mut watch = Watch::new(&client, &path, names::JOB_INTERFACE).await?;
    let mut shown = Progress::default();
    while let Some(current) = watch.current.as_ref().filter(|job| text_of(job, "State") == "running") {
        shown.show(current, output)?;
        tokio::select! {
            result = watch.changed() => result?,
            _ = tokio::signal::ctrl_c() => job.cancel().await?,
        }
    }
    shown.clear(output)?;
    let gone = || Failure::Other("the agent has forgotten the job; it may have been restarted".to_owned());
    finish(watch.current.as_ref().ok_or_else(gone)?, output)
}

fn finish(job: &Dict, output: &mut Output) -> Result<u8, Failure> {
    if output.json {
        output.document(&json_of(job))?;
    }
    match text_of(job, "State").as_str() {
        "done" => Ok(SUCCESS),
        "canceled" => {
            output.complain("dillingerctl: canceled")?;
            Ok(FAILED)
        }
        _ => {
            let name = text_of(job, "ErrorName");
            let short = name.rsplit('.').next().unwrap_or_default();
            Err(Failure::Other(printable(&format!("{} ({short})", text_of(job, "ErrorMessage")))))
        }
    }
}

/// What of the progress the user has seen.
#[derive(Default)]
struct Progress {
    phase: String,
    bar: bool,
}

impl Progress {
    /// A bar on a terminal, else one line per phase; both on standard error.
    fn show(&mut self, job: &Dict, output: &mut Output) -> Result<(), Failure> {
        let phase = text_of(job, "Phase");
        if output.json {
            return output.line(&json_of(job).to_string());
        }
        if output.err_terminal {
            self.bar = true;
            return output.complain_raw(&format!("\r{}\x1b[K", bar(&phase, job)));
        }
        if phase != self.phase {
            output.complain(&printable(&phase))?;
            self.phase = phase;
        }
        Ok(())
    }

    fn clear(&self, output: &mut Output) -> Result<(), Failure> {
        if self.bar { output.complain_raw("\r\x1b[K") } else { Ok(()) }
    }
}

fn bar(phase: &str, job: &Dict) -> String {
    let progress: f64 = Field::read(job.get("Progress"));
    let filled = (1..=BAR_WIDTH).filter(|cell| progress * 30.0 >= f64::from(u8::try_from(*cell).unwrap_or(u8::MAX)));
    let filled = filled.count();
    let bytes = match (number_of(job, "BytesDone"), number_of(job, "BytesTotal")) {
        (Some(done), Some(total)) if total > 0 => {
            format!(" {} of {}", text::format_bytes(done), text::format_bytes(total))
        }
        (Some(done), _) if done > 0 => format!(" {}", text::format_bytes(done)),
        _ => String::new(),
    };
    let (done, rest) = ("#".repeat(filled), "-".repeat(BAR_WIDTH - filled));
    format!("{:<10} [{done}{rest}] {:3.0}%{bytes}", printable(phase), progress * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zbus::Variant;

    #[test]
    fn bars_have_one_width() {
        for (progress, start) in
            [(0.0, "pulling    [---"), (0.5, "pulling    [###############---"), (7.0, "pulling    [###")]
        {
            let progress = Variant::from(progress).try_into_owned().unwrap();
            let line = bar("pulling", &Dict::from([("Progress".to_owned(), progress)]));
            assert!(line.starts_with(start), "{line}");
            assert_eq!(line.find(']'), Some(12 + BAR_WIDTH), "{line}");
        }
    }
}
