//! The work behind `PrepareImage`: an image in the user's storage, ready to
//! start in.

use super::client::{ImageFact, Podman};
use super::error::PodmanError;
use super::names;
use super::progress::PullProgress;
use crate::config::PullPolicy;
use crate::prefix::{HostBuild, Maker, Wish};
use dillinger_runner_api::Error as ApiError;
use std::sync::Arc;
use tokio::sync::watch;

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JobState {
    /// It works.
    #[default]
    Running,
    /// It ended well.
    Done,
    /// It ended with [`JobStatus::error`].
    Failed,
    /// It was canceled.
    Canceled,
}

impl JobState {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }
}

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Looking for the image in the user's storage.
    #[default]
    Looking,
    /// Pulling it from its registry.
    Pulling,
    /// Making the copy that `keep-id` needs.
    Prewarming,
    /// Making the template of Windows prefixes.
    Template,
    /// Nothing more.
    Finished,
}

impl Phase {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Looking => "looking",
            Self::Pulling => "pulling",
            Self::Prewarming => "prewarming",
            Self::Template => "template",
            Self::Finished => "finished",
        }
    }
}

/// A snapshot of a job.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct JobStatus {
    /// Where it stands.
    pub state: JobState,
    /// What it does, or did last when it failed or was canceled.
    pub phase: Phase,
    /// From 0 to 1, never falling.
    pub progress: f64,
    /// Bytes pulled so far.
    pub bytes_done: u64,
    /// Bytes of the layers whose size is known; 0 while none is.
    pub bytes_total: u64,
    /// Why it failed.
    pub error: Option<ApiError>,
}

/// The part of the whole progress that pulling is.
const PULLING_PART: f64 = 0.8;
/// What is done before a template is made.
const PREWARMED_PART: f64 = 0.9;
/// The label of images that need a template.
const WINE: &str = "wine";

/// What is to be prepared.
#[derive(Debug, Clone)]
pub struct Task {
    /// The image, as the caller named it.
    pub image: String,
    /// Whether to pull it.
    pub policy: PullPolicy,
    /// The build of the host for whose prefixes a template is wanted; none is the image's own Wine.
    pub build: Option<HostBuild>,
}

/// A running or finished preparation. It goes on when the handle is dropped.
#[derive(Debug)]
pub struct PrepareImage {
    image: String,
    status: watch::Receiver<JobStatus>,
    cancel: watch::Sender<bool>,
}

impl PrepareImage {
    /// Begins to prepare an image. It needs a tokio runtime.
    pub fn start(podman: Arc<Podman>, maker: Maker, task: Task) -> Self {
        let (reporter, status) = watch::channel(JobStatus::default());
        let (cancel, canceled) = watch::channel(false);
        let image = task.image.clone();
        tokio::spawn(async move {
            let ended = tokio::select! {
                // Finished work counts, even if a cancel came in the same moment.
                biased;
                result = prepare(&podman, &maker, &task, &reporter) => Some(result),
                () = is_set(canceled) => None,
            };
            reporter.send_modify(|status| status.end(ended));
        });
        Self { image, status, cancel }
    }

    /// The image's name as it was asked for.
    pub fn image(&self) -> &str {
        &self.image
    }

    /// The job's state now and its changes; the last one is not `Running`, and
    /// then the channel closes.
    pub fn status(&self) -> watch::Receiver<JobStatus> {
        self.status.clone()
    }

    /// Stops the work. Without effect when it has ended. A copy that is being
    /// made for `keep-id` is finished by Podman all the same.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }
}

impl JobStatus {
    fn end(&mut self, ended: Option<Result<(), ApiError>>) {
        match ended {
            None => self.state = JobState::Canceled,
            Some(Ok(())) => {
                self.state = JobState::Done;
                self.enter(Phase::Finished, 1.0);
            }
            Some(Err(error)) => {
                self.state = JobState::Failed;
                self.error = Some(error);
            }
        }
    }

    fn enter(&mut self, phase: Phase, progress: f64) {
        self.phase = phase;
        self.progress = self.progress.max(progress);
    }

    fn pulled(&mut self, pull: &PullProgress) {
        self.progress = self.progress.max(pull.fraction() * PULLING_PART);
        self.bytes_done = pull.bytes_done();
        self.bytes_total = pull.bytes_total();
    }
}

/// Ends when a cancel comes, and never otherwise.
async fn is_set(mut canceled: watch::Receiver<bool>) {
    if canceled.wait_for(|canceled| *canceled).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn prepare(
    podman: &Arc<Podman>,
    maker: &Maker,
    task: &Task,
    reporter: &watch::Sender<JobStatus>,
) -> Result<(), ApiError> {
    let name = task.image.as_str();
    podman.awake().await?;
    let present = podman.image(name).await?;
    let image = match wanted(name, task.policy, present)? {
        Some(image) => image,
        None => pull(podman, name, reporter).await?,
    };
    reporter.send_modify(|status| status.enter(Phase::Prewarming, PULLING_PART));
    podman.prewarm(&image).await?;
    if image.runner.as_deref() == Some(WINE) {
        reporter.send_modify(|status| status.enter(Phase::Template, PREWARMED_PART));
        let wish = Wish { image, name: name.to_owned(), build: task.build.clone() };
        let told = |share: f64| PREWARMED_PART + (1.0 - PREWARMED_PART) * share;
        maker.make(&wish, |share| reporter.send_modify(|status| status.enter(Phase::Template, told(share)))).await?;
    } else if let Some(build) = &task.build {
        let text =
            format!("RunnerVersion: {} is a build for images with the label org.dillinger.runner=wine", build.name);
        return Err(ApiError::InvalidRequest(text));
    }
    // What is in the way of that is in nobody's.
    if let Err(error) = maker.remove_unused().await {
        tracing::warn!(%error, "templates that nothing needs stay behind");
    }
    Ok(())
}

/// The image to use without pulling; `None` when it is to be pulled.
fn wanted(name: &str, policy: PullPolicy, present: Option<ImageFact>) -> Result<Option<ImageFact>, PodmanError> {
    let missing = |reason: &str| PodmanError::NoSuchImage { image: name.to_owned(), reason: reason.to_owned() };
    match (present, policy) {
        (Some(_), PullPolicy::Always) if !names::is_local(name) => Ok(None),
        (Some(image), _) => Ok(Some(image)),
        (None, PullPolicy::Never) => Err(missing("pulling is switched off")),
        (None, _) if names::is_local(name) => {
            Err(missing("names below localhost/ are built or loaded on this host, no registry has them"))
        }
        (None, _) => Ok(None),
    }
}

async fn pull(podman: &Podman, name: &str, reporter: &watch::Sender<JobStatus>) -> Result<ImageFact, PodmanError> {
    reporter.send_modify(|status| status.enter(Phase::Pulling, 0.0));
    podman
        .pull(name, |progress| {
            reporter.send_if_modified(|status| {
                let before = status.clone();
                status.pulled(progress);
                *status != before
            });
        })
        .await?;
    let missing = || PodmanError::Failed { what: "pull the image", message: "it is missing after the pull".to_owned() };
    podman.image(name).await?.ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_decides_whether_to_pull() {
        let image = || Some(ImageFact { id: "1".into(), runner: None, display: None, size: 1, index: None });
        let remote = "r.example/a";
        assert_eq!(wanted(remote, PullPolicy::Missing, image()), Ok(image()));
        assert_eq!(wanted(remote, PullPolicy::Missing, None), Ok(None));
        assert_eq!(wanted(remote, PullPolicy::Always, image()), Ok(None));
        assert_eq!(wanted(remote, PullPolicy::Never, image()), Ok(image()));
        assert!(wanted(remote, PullPolicy::Never, None).is_err());
        let local = "localhost/dillinger/base:latest";
        assert_eq!(wanted(local, PullPolicy::Always, image()), Ok(image()));
        assert!(wanted(local, PullPolicy::Missing, None).is_err());
        assert_eq!(wanted("localhost:5000/a", PullPolicy::Missing, None), Ok(None));
    }
}
