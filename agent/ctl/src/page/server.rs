//! The HTTP server: a few fixed paths for one browser.

use super::access::{Access, Refusal};
use super::{Relay, assets, peer, relay};
use dillinger_runner_api::Error;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Bytes that a request may have: an offer has a few thousand.
const BODY_MAX: usize = 128 * 1024;
/// Connections at once; a browser opens six.
const CONNECTIONS: usize = 32;
/// How long a request may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// What the page may load, and from where: from this server, and nothing else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     media-src 'self' blob: mediastream:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

const USED: &str = "This link has been used, or it is not right. `dillingerctl watch` gives a new one.\n";

type Body = BoxBody<Bytes, Infallible>;
type Answer = Response<Body>;

/// What is served.
#[derive(Debug)]
pub(crate) struct Page {
    /// Who may.
    pub(crate) access: Access,
    /// The session.
    pub(crate) relay: Relay,
    /// Title of the game.
    pub(crate) title: String,
    /// State of the session.
    pub(crate) state: watch::Receiver<String>,
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, page: Arc<Page>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        // A connection that breaks before it is accepted concerns nobody; for want of descriptors the next one waits.
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let own = stream.local_addr().and_then(|local| peer::is_own(peer, local));
        if own.unwrap_or(false) {
            let page = page.clone();
            connections.spawn(async move {
                connection(stream, page).await;
                drop(permit);
            });
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, page: Arc<Page>) {
    let service = service_fn(move |request| {
        let page = page.clone();
        async move { Ok::<_, Infallible>(answer(request, &page).await) }
    });
    let mut builder = http1::Builder::new();
    let served = builder.timer(TokioTimer::new()).header_read_timeout(ARRIVAL);
    // What goes wrong here is a browser that has gone.
    let _ = served.serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, page: &Page) -> Answer {
    let mut answer = match route(request, page).await {
        Ok(answer) => answer,
        Err(Refusal::Host) => text(StatusCode::MISDIRECTED_REQUEST, "The address of this page is another one.\n"),
        Err(Refusal::Origin) => text(StatusCode::FORBIDDEN, "Other pages have no business here.\n"),
        Err(Refusal::Secret) => text(StatusCode::FORBIDDEN, USED),
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn route(request: Request<Incoming>, page: &Page) -> Result<Answer, Refusal> {
    let headers = request.headers();
    let host = page.access.check_host(headers)?;
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let known = page.access.has_cookie(headers);
    let root = path == "/" && method == Method::GET;
    // A link of another page may lead here too: it has a token then, of which nobody else knows.
    if root && !known && page.access.redeem(request.uri().query().unwrap_or_default()) {
        let mut index = content("text/html; charset=utf-8", assets::INDEX);
        if let Ok(cookie) = HeaderValue::from_str(&page.access.set_cookie()) {
            index.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        return Ok(index);
    }
    Access::check_origin(host, headers)?;
    if !known {
        return Err(Refusal::Secret);
    }
    Ok(match (method, path.trim_start_matches('/')) {
        (Method::GET, "") => content("text/html; charset=utf-8", assets::INDEX),
        (Method::GET, "session") => document(StatusCode::OK, &page.relay.beginning(&page.title)),
        (Method::GET, "events") => events(page.state.clone()),
        (Method::POST, "exchange") => exchange(request.into_body(), &page.relay).await,
        (_, "" | "session" | "events" | "exchange") => text(StatusCode::METHOD_NOT_ALLOWED, "Not this way.\n"),
        (Method::GET, name) => match assets::find(name) {
            Some((_, kind, file)) => content(kind, file),
            None => text(StatusCode::NOT_FOUND, "There is no such page.\n"),
        },
        _ => text(StatusCode::NOT_FOUND, "There is no such page.\n"),
    })
}

/// The one exchange, or a farewell.
async fn exchange(body: Incoming, relay: &Relay) -> Answer {
    let arriving = Limited::new(body, BODY_MAX).collect();
    let body = match tokio::time::timeout(ARRIVAL, arriving).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return refused(413, "InvalidRequest", &format!("the request is longer than {BODY_MAX} bytes"));
        }
        Ok(Err(error)) => return refused(400, "InvalidRequest", &format!("the request has broken off: {error}")),
        Err(_) => return refused(408, "InvalidRequest", "the request has not arrived in time"),
    };
    let Ok(request) = serde_json::from_slice(&body) else {
        let expected =
            r#"expected {"offer": SDP, "role": …, "name": …, "keyboardLayout": …} or {"disconnect": VIEWER}"#;
        return refused(400, "InvalidRequest", expected);
    };
    match relay.exchange(request).await {
        Ok(value) => document(StatusCode::OK, &value),
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Answer {
    refused(relay::status(error), &error.short_name(), &error.message())
}

fn refused(status: u16, error: &str, message: &str) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    document(status, &json!({ "error": error, "message": message }))
}

/// The state of the session now and whenever it changes, as server-sent events.
fn events(state: watch::Receiver<String>) -> Answer {
    let changes = stream::unfold((state, true), |(mut state, first)| async move {
        if !first && state.changed().await.is_err() {
            return None;
        }
        let data = json!({ "state": *state.borrow_and_update() });
        let event = Bytes::from(format!("event: state\ndata: {data}\n\n"));
        Some((Ok::<_, Infallible>(Frame::data(event)), (state, false)))
    });
    with_type("text/event-stream", BodyExt::boxed(StreamBody::new(changes)))
}

fn document(status: StatusCode, value: &Value) -> Answer {
    let mut answer = with_type("application/json", whole(value.to_string()));
    *answer.status_mut() = status;
    answer
}

fn text(status: StatusCode, text: &'static str) -> Answer {
    let mut answer = content("text/plain; charset=utf-8", text);
    *answer.status_mut() = status;
    answer
}

fn content(kind: &'static str, text: &'static str) -> Answer {
    with_type(kind, whole(text))
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed()
}

fn with_type(kind: &'static str, body: Body) -> Answer {
    let mut answer = Response::new(body);
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}
