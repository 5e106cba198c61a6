//! `watch`: the page of a streamed session, as browsers and others reach it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
// Methods have the shape that the interface gives them.
#![allow(clippy::needless_pass_by_value)]

mod fake;

use clap::Parser;
use dillinger_runner_api::error::Error;
use dillinger_runner_api::{Dict, names};
use dillingerctl::cli::Cli;
use dillingerctl::output::Output;
use fake::{Buffer, Calls, ID, OTHER, World, world};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use zbus::interface;

const DEADLINE: Duration = Duration::from_secs(20);

/// The display of a session.
struct Stream(Calls);

#[interface(name = "org.dillinger.Runner1.Session.Stream")]
impl Stream {
    fn connect(&self, offer: &str, options: Dict) -> Result<(String, String), Error> {
        let mut told: Vec<String> =
            options.iter().map(|(key, value)| format!("{key}={}", value.downcast_ref::<&str>().unwrap())).collect();
        told.sort();
        self.0.lock().unwrap().push(format!("connect {offer} {}", told.join(" ")));
        match offer {
            "busy" => Err(Error::Busy("eight viewers are the most".to_owned())),
            "over" => Err(Error::NoSuchSession("session has ended".to_owned())),
            _ => Ok((format!("viewer-{offer}"), "answer".to_owned())),
        }
    }

    fn disconnect(&self, viewer: &str) {
        self.0.lock().unwrap().push(format!("disconnect {viewer}"));
    }
}

/// What the page's side of a test needs.
struct Page {
    port: u16,
    token: String,
    cookie: String,
}

/// An answer: its status, its head and its body.
type Answer = (u16, String, String);

impl Page {
    /// From the link.
    fn new(link: &str) -> Self {
        let (address, token) = link.trim().strip_prefix("http://127.0.0.1:").unwrap().split_once("/?token=").unwrap();
        Self { port: address.parse().unwrap(), token: token.to_owned(), cookie: String::new() }
    }

    /// Sends a request with these further header lines.
    async fn send(&self, line: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let cookie = if self.cookie.is_empty() { String::new() } else { format!("Cookie: {}\r\n", self.cookie) };
        let host = if headers.contains("Host:") { String::new() } else { format!("Host: 127.0.0.1:{}\r\n", self.port) };
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\n{host}{cookie}{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n");
        // The server may refuse before it has read all.
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        stream
    }

    async fn ask(&self, line: &str, headers: &str, body: &str) -> Answer {
        let mut stream = self.send(line, headers, body).await;
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes).await;
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_ascii_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), "", "").await
    }

    async fn post(&self, body: &str) -> Answer {
        self.ask("POST /exchange", "", body).await
    }

    /// Uses the token.
    async fn enter(&mut self) {
        let (status, head, body) = self.get(&format!("/?token={}", self.token)).await;
        assert_eq!(status, 200);
        assert!(body.contains("<dillinger-player"));
        let line = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
        assert!(line.contains("httponly") && line.contains("samesite=strict"), "{line}");
        line.split(';').next().unwrap().clone_into(&mut self.cookie);
    }
}

/// Runs `watch` while `work` goes on; ends it by the end of the session.
async fn watched(world: &World, line: &[&str], work: impl AsyncFnOnce(Page)) -> (u8, String) {
    world.add(ID, "running").await;
    let path = names::session_path(ID).unwrap();
    world.agent.object_server().at(path, Stream(world.calls.clone())).await.unwrap();
    let (out, err) = (Buffer::default(), Buffer::default());
    let cli = Cli::try_parse_from(["dillingerctl", "watch", ID, "--no-browser"].iter().chain(line)).unwrap();
    let mut output = Output::plain(Box::new(out.clone()), Box::new(err.clone()), cli.json);
    let watch = Box::pin(dillingerctl::execute(&cli, &world.connector, &mut output));
    let test = async {
        while !out.text().contains('\n') {
            tokio::task::yield_now().await;
        }
        work(Page::new(&out.text())).await;
        world.ctl(&["stop", ID]).await.0.unwrap();
    };
    let (code, ()) = tokio::time::timeout(DEADLINE, async { tokio::join!(watch, test) }).await.expect("in time");
    (code.unwrap(), err.text())
}

#[tokio::test]
async fn a_link_works_once() {
    let world = world().await;
    let (code, _) = watched(&world, &[], async |mut page| {
        for path in ["/", "/player.js", "/session", "/?token=0", "/?token="] {
            assert_eq!(page.get(path).await.0, 403, "{path}");
        }
        assert_eq!(page.post("{}").await.0, 403);
        page.enter().await;
        assert_eq!(page.get("/").await.0, 200);
        let (status, head, body) = page.get("/player.js").await;
        assert_eq!(status, 200);
        assert!(head.contains("content-type: text/javascript") && body.contains("customElements.define"), "{head}");
        assert!(head.contains("content-security-policy: default-src 'none'") && head.contains("nosniff"), "{head}");
        assert!(!head.contains("access-control"), "{head}");
        let other = Page { cookie: String::new(), token: page.token.clone(), ..page };
        let (status, _, body) = other.get(&format!("/?token={}", other.token)).await;
        assert_eq!(status, 403);
        assert!(body.contains("dillingerctl watch"), "{body}");
    })
    .await;
    assert_eq!(code, 0);
}

#[tokio::test]
async fn other_pages_have_no_business_here() {
    let world = world().await;
    watched(&world, &[], async |mut page| {
        let rebound = format!("GET /?token={}", page.token);
        assert_eq!(page.ask(&rebound, "Host: evil.example\r\n", "").await.0, 421);
        page.enter().await;
        assert_eq!(page.ask("GET /", "Host: evil.example\r\n", "").await.0, 421);
        for foreign in ["Origin: http://evil.example\r\n", "Sec-Fetch-Site: cross-site\r\n", "Origin: null\r\n"] {
            assert_eq!(page.ask("POST /exchange", foreign, r#"{"offer":"1"}"#).await.0, 403, "{foreign}");
        }
        let own = format!("Origin: http://127.0.0.1:{}\r\nSec-Fetch-Site: same-origin\r\n", page.port);
        assert_eq!(page.ask("POST /exchange", &own, r#"{"offer":"1"}"#).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn the_exchange_goes_to_the_session() {
    let world = world().await;
    let (_, err) = watched(&world, &["--keyboard-layout", "de"], async |mut page| {
        page.enter().await;
        let (_, _, session) = page.get("/session").await;
        assert_eq!(session, r#"{"keyboardLayout":"de","role":"player","title":"Doom"}"#);
        let (status, _, body) = page.post(r#"{"offer":"1","role":"player","name":"me","keyboardLayout":"fr"}"#).await;
        assert_eq!((status, body.as_str()), (200, r#"{"answer":"answer","viewer":"viewer-1"}"#));
        assert_eq!(page.post(r#"{"offer":"2","role":"spectator"}"#).await.0, 200);
        // Only its own viewers, and once.
        for viewer in ["viewer-1", "viewer-1", "viewer-9"] {
            assert_eq!(page.post(&format!("{{\"disconnect\":\"{viewer}\"}}")).await.0, 200);
        }
    })
    .await;
    let calls = world.calls();
    assert_eq!(
        calls,
        [
            "connect 1 KeyboardLayout=fr Name=me Role=player",
            "connect 2 Name=dillingerctl Role=spectator",
            "disconnect viewer-1",
            "stop 01234567",
            "disconnect viewer-2",
        ]
    );
    assert_eq!(err, "");
}

#[tokio::test]
async fn a_spectator_stays_one() {
    let world = world().await;
    watched(&world, &["--spectator"], async |mut page| {
        page.enter().await;
        assert!(page.get("/session").await.2.contains(r#""role":"spectator""#));
        assert_eq!(page.post(r#"{"offer":"1","role":"player"}"#).await.0, 200);
    })
    .await;
    assert!(world.calls().contains(&"connect 1 Name=dillingerctl Role=spectator".to_owned()));
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let world = world().await;
    watched(&world, &[], async |mut page| {
        page.enter().await;
        for (body, status, said) in [
            (r#"{"offer":"busy"}"#, 503, r#"{"error":"Busy","message":"eight viewers are the most"}"#),
            (r#"{"offer":"over"}"#, 410, r#"{"error":"NoSuchSession","message":"session has ended"}"#),
            ("offer", 400, "expected {"),
            (r#"{"offer":7}"#, 400, "expected {"),
        ] {
            let (code, head, text) = page.post(body).await;
            assert_eq!(code, status, "{body}");
            assert!(head.contains("application/json"), "{head}");
            let text = text.replace('\\', "");
            assert!(text.contains(said), "{text}");
        }
        assert_eq!(page.ask("DELETE /exchange", "", "").await.0, 405);
        assert_eq!(page.get("/nothing").await.0, 404);
        assert_eq!(page.get("/../../etc/passwd").await.0, 404);
        let big = format!("{{\"offer\":\"{}\"}}", "x".repeat(200_000));
        assert_eq!(page.post(&big).await.0, 413);
    })
    .await;
    assert!(!world.calls().iter().any(|call| call.contains("xxx")));
}

#[tokio::test]
async fn the_page_hears_how_the_session_goes() {
    let world = world().await;
    let events = tokio::sync::OnceCell::new();
    let (code, _) = watched(&world, &[], async |mut page| {
        page.enter().await;
        let mut lines = BufReader::new(page.send("GET /events", "", "").await).lines();
        loop {
            let line = lines.next_line().await.unwrap().unwrap();
            if line.starts_with("data: ") {
                assert_eq!(line, r#"data: {"state":"running"}"#);
                break;
            }
        }
        events
            .set(tokio::spawn(async move {
                let mut said = Vec::new();
                while let Ok(Some(line)) = lines.next_line().await {
                    said.extend(line.strip_prefix("data: ").map(str::to_owned));
                }
                said
            }))
            .unwrap();
    })
    .await;
    assert_eq!(code, 0);
    assert_eq!(events.into_inner().unwrap().await.unwrap(), [r#"{"state":"ended"}"#]);
}

#[tokio::test]
async fn only_what_has_a_display_can_be_watched() {
    let world = world().await;
    world.add(OTHER, "running").await;
    let failure = world.ctl(&["watch", OTHER, "--no-browser"]).await.0.unwrap_err();
    assert_eq!(failure.exit_code(), 1);
    assert!(failure.message().unwrap().contains("Display=wayland"));
    world.add(ID, "ended").await;
    let failure = world.ctl(&["watch", ID, "--no-browser"]).await.0.unwrap_err();
    assert_eq!(failure.exit_code(), 4);
    assert_eq!(world.ctl(&["watch", "0000", "--no-browser"]).await.0.unwrap_err().exit_code(), 4);
}
