//! Pulling an image, with its progress.

use super::client::{Podman, failed, nobody_listens};
use super::error::{PodmanError, of_pull};
use super::names;
use super::progress::{PullMessage, PullProgress};
use containers_api::conn::hyper::body::HttpBody;
use containers_api::conn::hyper::{Body, Response};
use containers_api::conn::{Headers, Payload, RequestClient, Transport, get_unix_connector, hyper};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// How long Podman may say nothing. It is silent while it unpacks layers, and
/// waits for a registry on its own terms.
const SILENCE_MAX: Duration = Duration::from_secs(1800);
/// Longest line of the stream; its lines are a few hundred bytes long.
const LINE_MAX: usize = 1 << 20;
/// What the errors call it.
const WHAT: &str = "pull the image";

type Client = RequestClient<podman_api::Error>;

impl Podman {
    /// Pulls an image and tells `report` how far it is. When the caller drops
    /// the future, the connection closes and Podman stops pulling.
    ///
    /// `podman_api` knows only the stream without byte counts, so the request
    /// is made on its connection layer.
    ///
    /// # Errors
    /// The name is none, the registry has no such image, refuses or does not
    /// answer, or Podman cannot be reached or fails.
    pub(super) async fn pull(&self, image: &str, report: impl Fn(&PullProgress)) -> Result<(), PodmanError> {
        let client = self.pull_client();
        let path =
            format!("/v5.0.0/libpod/images/pull?compatMode=true&policy=always&reference={}", names::image(image)?);
        let post = || client.post(&path, Payload::empty(), Headers::none());
        let response = match in_time(post()).await? {
            Err(error) if nobody_listens(&error) => {
                self.start_socket().await?;
                in_time(post()).await?
            }
            answer => answer,
        };
        let response = response.map_err(|error| failed(WHAT, &error))?;
        let succeeded = response.status().is_success();
        let end = read_stream(image, response.into_body(), &report).await?;
        if succeeded { Ok(()) } else { Err(of_pull(image, &end)) }
    }

    fn pull_client(&self) -> Client {
        let client = hyper::Client::builder().pool_max_idle_per_host(0).build(get_unix_connector());
        RequestClient::new(Transport::Unix { client, path: self.socket().to_owned() }, Box::new(accept))
    }
}

type Accepted = Pin<Box<dyn Future<Output = podman_api::Result<Response<Body>>> + Send + Sync>>;

/// Takes every status: a failed pull says why in its body.
fn accept(response: Response<Body>) -> Accepted {
    Box::pin(std::future::ready(Ok(response)))
}

async fn in_time<T>(future: impl Future<Output = T>) -> Result<T, PodmanError> {
    let timed_out = |_| PodmanError::TimedOut { what: WHAT, after: SILENCE_MAX };
    tokio::time::timeout(SILENCE_MAX, future).await.map_err(timed_out)
}

/// Follows the stream to its end and returns what was left of it that is no
/// progress message.
async fn read_stream(image: &str, mut body: Body, report: &impl Fn(&PullProgress)) -> Result<String, PodmanError> {
    let mut progress = PullProgress::default();
    let mut pending = Vec::new();
    let mut rest = String::new();
    while let Some(chunk) = in_time(body.data()).await? {
        pending.extend_from_slice(&chunk.map_err(|error| failed(WHAT, &error))?);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            take_line(image, &line, &mut progress, &mut rest)?;
        }
        if pending.len() > LINE_MAX {
            return Err(PodmanError::Failed { what: WHAT, message: "it answered with an endless line".to_owned() });
        }
        report(&progress);
    }
    take_line(image, &pending, &mut progress, &mut rest)?;
    report(&progress);
    Ok(rest)
}

fn take_line(image: &str, line: &[u8], progress: &mut PullProgress, rest: &mut String) -> Result<(), PodmanError> {
    let line = line.trim_ascii();
    let Ok(message) = serde_json::from_slice::<PullMessage>(line) else {
        if rest.len() < LINE_MAX {
            rest.push_str(&String::from_utf8_lossy(line));
        }
        return Ok(());
    };
    if let Some(failure) = message.failure() {
        return Err(of_pull(image, &failure));
    }
    progress.update(&message);
    Ok(())
}
