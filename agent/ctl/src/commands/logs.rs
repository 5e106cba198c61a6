//! `logs`

use crate::cli::{LogFormat, LogsArgs};
use crate::client::Connector;
use crate::exit::{Failure, SUCCESS};
use crate::output::Output;
use crate::stream;
use dillinger_runner_api::proxy::{Options, SessionProxy};
use dillinger_runner_api::text;
use dillinger_runner_api::wire::LogLine;
use tokio::sync::mpsc::Receiver;

pub(super) async fn logs(args: &LogsArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let session = client.resolve(&args.id).await?;
    let mut options = Options::from([("Follow", args.follow.into())]);
    if let Some(lines) = args.lines {
        options.insert("Lines", lines.into());
    }
    let mut lines = open(&client.session(&session.path).await?, &options).await?;
    let format = if output.json { LogFormat::Json } else { args.output };
    while let Some(line) = lines.recv().await {
        show(&line, format, output)?;
    }
    Ok(SUCCESS)
}

/// The lines of a session's log.
pub(super) async fn open(session: &SessionProxy<'_>, options: &Options<'_>) -> Result<Receiver<String>, Failure> {
    stream::lines(session.open_log(options).await?)
}

/// Shows one line as the agent has sent it.
pub(super) fn show(line: &str, format: LogFormat, output: &mut Output) -> Result<(), Failure> {
    if format == LogFormat::Json {
        return output.line(line);
    }
    // What cannot be read is shown as it is: better odd than lost.
    let Ok(entry) = serde_json::from_str::<LogLine>(line) else { return output.line(line) };
    if entry.dropped.is_some() || entry.incomplete == Some(true) {
        // Not the game's own words.
        return output.complain(&format!("dillingerctl: {}", entry.message));
    }
    match format {
        LogFormat::Cat if entry.continues == Some(true) => output.raw(&entry.message),
        LogFormat::Cat | LogFormat::Json => output.line(&entry.message),
        LogFormat::Short => output.line(&short(&entry)),
    }
}

/// A line as journalctl shows it, without the name of the host.
fn short(entry: &LogLine) -> String {
    let comm = entry.comm.as_deref().unwrap_or("-");
    let pid = entry.pid.map(|pid| format!("[{pid}]")).unwrap_or_default();
    format!("{} {comm}{pid}: {}", text::clock_time(entry.timestamp), entry.message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn split_lines_are_joined_and_holes_are_told_apart() {
        let (out, err) = (Buffer::default(), Buffer::default());
        let mut output = Output::plain(Box::new(out.clone()), Box::new(err.clone()), false);
        for line in [
            r#"{"Timestamp":1,"Message":"one ","Continues":true}"#,
            r#"{"Timestamp":2,"Message":"line"}"#,
            r#"{"Timestamp":3,"Message":"a hole","Incomplete":true}"#,
            "odd",
        ] {
            show(line, LogFormat::Cat, &mut output).unwrap();
        }
        assert_eq!(String::from_utf8(out.0.lock().unwrap().clone()).unwrap(), "one line\nodd\n");
        assert_eq!(String::from_utf8(err.0.lock().unwrap().clone()).unwrap(), "dillingerctl: a hole\n");
    }
}
