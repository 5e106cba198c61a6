//! `run`

use super::logs;
use super::start::{start_session, tell_end};
use crate::cli::{LogFormat, RunArgs};
use crate::client::{Client, Connector, SessionRef};
use crate::exit::{End, Failure};
use crate::output::Output;
use crate::request::Request;
use crate::watch::{self, Watch};
use dillinger_runner_api::names;
use dillinger_runner_api::proxy::{Options, SessionProxy};
use dillinger_runner_api::wire::LogLine;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;

const SIGKILL: i32 = 9;

pub(super) async fn run(args: &RunArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let request = Request::from_args(&args.request)?;
    let client = agent.client().await?;
    // Before the start: an interrupt must not leave a game behind that nobody watches.
    let mut interrupts = Interrupts::new()?;
    let session = start_session(&client, request).await.map_err(not_started)?;
    if !args.quiet && !output.json {
        output.complain(&format!("session {}", session.id))?;
    }
    let end = follow(&client, &session, &mut interrupts, output).await?;
    if !args.quiet || output.json {
        tell_end(&end, &session, output)?;
    }
    Ok(end.exit_code())
}

fn not_started(failure: Failure) -> Failure {
    match failure {
        Failure::Agent(error) => Failure::NotStarted(error),
        other => other,
    }
}

/// Shows the log and forwards interrupts until the session has ended and its log is out.
async fn follow(
    client: &Client,
    session: &SessionRef,
    interrupts: &mut Interrupts,
    output: &mut Output,
) -> Result<End, Failure> {
    let proxy = client.session(&session.path).await?;
    let mut watch = Watch::new(client, &session.path, names::SESSION_INTERFACE).await?;
    let mut log = Log::default();
    log.open(&proxy, output).await?;
    loop {
        if log.lines.is_none() && log.restarts < watch.restarts {
            log.restarts = watch.restarts;
            log.open(&proxy, output).await?;
        }
        if watch.has_state("ended") && log.lines.is_none() {
            return watch::end_of(client, session, &watch).await;
        }
        tokio::select! {
            line = log.next() => log.take(line, output)?,
            result = watch.changed() => result?,
            () = interrupts.next() => forward(interrupts.count, &proxy, output).await?,
        }
    }
}

/// The log of the session, which breaks off when the agent goes and then continues.
#[derive(Default)]
struct Log {
    lines: Option<Receiver<String>>,
    /// The place of the last line.
    cursor: Option<String>,
    /// The restarts of the agent before it was opened.
    restarts: u32,
    /// Nobody reads the output any more.
    muted: bool,
}

impl Log {
    async fn open(&mut self, session: &SessionProxy<'_>, output: &mut Output) -> Result<(), Failure> {
        if self.muted {
            return Ok(());
        }
        let mut options = Options::from([("Follow", true.into())]);
        if let Some(cursor) = &self.cursor {
            options.insert("Cursor", cursor.as_str().into());
        }
        match logs::open(session, &options).await {
            Ok(lines) => self.lines = Some(lines),
            Err(failure) => {
                let why = failure.message().unwrap_or_default();
                output.complain(&format!("dillingerctl: what the game writes cannot be shown: {why}"))?;
            }
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<String> {
        match &mut self.lines {
            Some(lines) => lines.recv().await,
            None => std::future::pending().await,
        }
    }

    fn take(&mut self, line: Option<String>, output: &mut Output) -> Result<(), Failure> {
        let Some(line) = line else {
            self.lines = None;
            return Ok(());
        };
        let format = if output.json { LogFormat::Json } else { LogFormat::Cat };
        match logs::show(&line, format, output) {
            // The game goes on when nobody reads what it writes.
            Err(Failure::OutputClosed) => {
                self.lines = None;
                self.muted = true;
            }
            other => other?,
        }
        let entry = serde_json::from_str::<LogLine>(&line).ok();
        self.cursor = entry.and_then(|entry| entry.cursor).filter(|cursor| !cursor.is_empty()).or(self.cursor.take());
        Ok(())
    }
}

/// The first interrupt asks the game to end, the next ones end it.
async fn forward(count: u32, proxy: &SessionProxy<'_>, output: &mut Output) -> Result<(), Failure> {
    let (what, result) = if count <= 1 {
        ("stopping, interrupt again to kill", proxy.stop(&Options::new()).await)
    } else {
        ("killing", proxy.kill(SIGKILL).await)
    };
    output.complain(&format!("dillingerctl: {what}"))?;
    match result.map_err(Failure::from) {
        Ok(()) => Ok(()),
        Err(failure @ Failure::Unreachable(_)) => Err(failure),
        // The session may have ended in between, which its state tells better.
        Err(failure) => output.complain(&format!("dillingerctl: {}", failure.message().unwrap_or_default())),
    }
}

/// SIGINT and SIGTERM of this process.
struct Interrupts {
    int: Signal,
    term: Signal,
    count: u32,
}

impl Interrupts {
    fn new() -> Result<Self, Failure> {
        Ok(Self { int: signal(SignalKind::interrupt())?, term: signal(SignalKind::terminate())?, count: 0 })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.int.recv() => (),
            _ = self.term.recv() => (),
        }
        self.count = self.count.saturating_add(1);
    }
}
