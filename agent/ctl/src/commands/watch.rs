//! `watch`

use crate::cli::WatchArgs;
use crate::client::{Client, Connector, SessionRef};
use crate::exit::{End, Failure, SUCCESS};
use crate::output::Output;
use crate::page::{self, Access, Page, Relay, Viewer};
use crate::properties::text_of;
use crate::watch::{self, Watch};
use dillinger_runner_api::{Dict, names};
use serde_json::json;
use std::net::Ipv4Addr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch as state;

/// How long the page has to hear of the session's end.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long the viewers may take to be let go in the end.
const LEAVING: Duration = Duration::from_secs(2);

pub(super) async fn watch(args: &WatchArgs, agent: &Connector, output: &mut Output) -> Result<u8, Failure> {
    let client = agent.client().await?;
    let session = client.resolve(&args.id).await?;
    let mut watch = Watch::new(&client, &session.path, names::SESSION_INTERFACE).await?;
    watchable(&session, watch.current.as_ref())?;
    let mut interrupts = [signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
    let (listener, page, states) = prepare(args, &client, &session, &watch).await?;
    let link = page.access.link();
    tell(&link, &session, output)?;
    let show = async {
        tokio::select! {
            end = until_ended(&client, &session, &mut watch, &states) => end.map(Some),
            () = page::serve(listener, page.clone()) => Ok(None),
            () = interrupted(&mut interrupts) => Ok(None),
        }
    };
    let end = with_browser(&link, args, output, show).await;
    // A display that does not answer must not hold up who leaves.
    let _ = tokio::time::timeout(LEAVING, page.relay.disconnect_all()).await;
    if let Some(end) = end? {
        super::start::tell_end(&end, &session, output)?;
    }
    Ok(SUCCESS)
}

/// A session that has ended, or has no display of its own, has nothing to show.
fn watchable(session: &SessionRef, properties: Option<&Dict>) -> Result<(), Failure> {
    let word = |name| properties.map(|dict| text_of(dict, name)).unwrap_or_default();
    let (state, display) = (word("State"), word("Display"));
    if properties.is_none() || state == "ended" {
        return Err(Failure::NoSuchSession(format!("session {} has ended", session.id)));
    }
    if display != "stream" {
        return Err(Failure::Other(format!(
            "session {} has no display of its own (Display={display}); `--display stream` starts one that has",
            session.id
        )));
    }
    Ok(())
}

async fn prepare(
    args: &WatchArgs,
    client: &Client,
    session: &SessionRef,
    watch: &Watch,
) -> Result<(TcpListener, Arc<Page>, state::Sender<String>), Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await;
    let listener = listener.map_err(|error| Failure::Other(format!("127.0.0.1:{}: {error}", args.port)))?;
    let viewer =
        Viewer { spectator: args.spectator, keyboard_layout: args.keyboard_layout.clone().unwrap_or_default() };
    let properties = watch.current.as_ref();
    let (states, state) = state::channel(properties.map(|dict| text_of(dict, "State")).unwrap_or_default());
    let page = Page {
        access: Access::new(listener.local_addr()?.port())?,
        relay: Relay::new(client, &session.path, viewer).await?,
        title: properties.map(|dict| text_of(dict, "Title")).unwrap_or_default(),
        state,
    };
    Ok((listener, Arc::new(page), states))
}

/// Says where the page is.
fn tell(link: &str, session: &SessionRef, output: &mut Output) -> Result<(), Failure> {
    if output.json {
        return output.line(&json!({ "Id": session.id, "Url": link }).to_string());
    }
    output.line(link)
}

/// Opens the page in a browser, whose program may run for as long as the page is shown.
async fn with_browser<T>(
    link: &str,
    args: &WatchArgs,
    output: &mut Output,
    show: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    let mut show = pin!(show);
    if !args.no_browser {
        tokio::select! {
            shown = &mut show => return shown,
            opened = page::open(link) => if let Err(error) = opened {
                output.complain(&format!("dillingerctl: no browser was opened ({error}); open the link yourself"))?;
            },
        }
    }
    show.await
}

/// Tells the page each state until the last.
async fn until_ended(
    client: &Client,
    session: &SessionRef,
    watch: &mut Watch,
    states: &state::Sender<String>,
) -> Result<End, Failure> {
    while !watch.has_state("ended") {
        watch.changed().await?;
        let now = watch.current.as_ref().map_or_else(|| "ended".to_owned(), |dict| text_of(dict, "State"));
        states.send_if_modified(|state| {
            let changed = *state != now;
            *state = now;
            changed
        });
    }
    // The page is served on while this waits.
    tokio::time::sleep(FAREWELL).await;
    watch::end_of(client, session, watch).await
}

async fn interrupted([int, term]: &mut [Signal; 2]) {
    tokio::select! {
        _ = int.recv() => (),
        _ = term.recv() => (),
    }
}
