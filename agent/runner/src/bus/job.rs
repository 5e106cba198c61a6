//! `org.dillinger.Runner1.Job`: long work that a caller started.

use crate::journal;
use crate::podman::{JobState, JobStatus, Podman, PrepareImage, Task};
use crate::prefix::Maker;
use crate::settings::SharedSettings;
use dillinger_runner_api::{Error, names};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use zbus::{Connection, OwnedObjectPath, Variant, interface};

/// Jobs that run at a time; Podman serialises most of their work anyway.
const AT_ONCE: usize = 8;
/// Finished jobs that stay listed, however long the retention time.
const KEPT: usize = 64;

/// All jobs.
#[derive(Debug)]
pub struct Jobs {
    connection: Connection,
    podman: Arc<Podman>,
    maker: Maker,
    settings: SharedSettings,
    next: AtomicU64,
    running: Arc<Semaphore>,
    kept: Arc<Semaphore>,
}

impl Jobs {
    /// No jobs yet.
    pub fn new(connection: Connection, podman: Arc<Podman>, maker: Maker, settings: SharedSettings) -> Self {
        let running = Arc::new(Semaphore::new(AT_ONCE));
        let kept = Arc::new(Semaphore::new(KEPT));
        Self { connection, podman, maker, settings, next: AtomicU64::new(1), running, kept }
    }

    /// Starts to prepare an image.
    ///
    /// # Errors
    /// Too many jobs run.
    pub(super) async fn prepare_image(&self, task: Task) -> Result<OwnedObjectPath, Error> {
        let running = Arc::clone(&self.running).try_acquire_owned();
        let running = running.map_err(|_| Error::Busy(format!("{AT_ONCE} jobs run already, the most there may be")))?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = names::job_path(number).ok_or_else(|| Error::Busy("there are no more job numbers".to_owned()))?;
        let job = Arc::new(PrepareImage::start(Arc::clone(&self.podman), self.maker.clone(), task));
        let object = JobObject { job: Arc::clone(&job) };
        self.connection.object_server().at(&path, object).await.map_err(Error::ZBus)?;
        tokio::spawn(follow(self.connection.clone(), path.clone(), job, self.retention(running)));
        Ok(path)
    }

    fn retention(&self, running: OwnedSemaphorePermit) -> Retention {
        Retention { running, kept: Arc::clone(&self.kept), settings: self.settings.clone() }
    }
}

/// How long a job's object stays.
struct Retention {
    running: OwnedSemaphorePermit,
    kept: Arc<Semaphore>,
    settings: SharedSettings,
}

/// Tells each change of a job, and takes its object away after a while.
async fn follow(connection: Connection, path: OwnedObjectPath, job: Arc<PrepareImage>, retention: Retention) {
    let mut status = job.status();
    let mut before = status.borrow_and_update().clone();
    tell(&connection, &path, &JobStatus::default(), &before).await;
    // The channel closes when the job is over.
    while status.changed().await.is_ok() {
        let now = status.borrow_and_update().clone();
        tell(&connection, &path, &before, &now).await;
        before = now;
    }
    drop(retention.running);
    if before.state == JobState::Done {
        journal::image_prepared(job.image());
    }
    if let Ok(_kept) = retention.kept.try_acquire() {
        tokio::time::sleep(retention.settings.current().retention.ended_objects).await;
    }
    if let Err(error) = connection.object_server().remove::<JobObject, _>(&path).await {
        tracing::warn!(%error, "a finished job stays on the bus");
    }
}

async fn tell(connection: &Connection, path: &OwnedObjectPath, before: &JobStatus, now: &JobStatus) {
    let old = properties(before);
    let changed: HashMap<&str, Variant<'_>> =
        properties(now).into_iter().filter(|(name, value)| old.get(name) != Some(value)).collect();
    if changed.is_empty() {
        return;
    }
    let body = (names::JOB_INTERFACE, changed, Vec::<&str>::new());
    let sent =
        connection.emit_signal(None::<&str>, path, "org.freedesktop.DBus.Properties", "PropertiesChanged", &body).await;
    if let Err(error) = sent {
        tracing::warn!(%error, "telling the progress of a job");
    }
}

fn properties(status: &JobStatus) -> HashMap<&'static str, Variant<'static>> {
    HashMap::from([
        ("State", Variant::from(status.state.as_str())),
        ("Phase", Variant::from(status.phase.as_str())),
        ("Progress", Variant::from(status.progress)),
        ("BytesDone", Variant::from(status.bytes_done)),
        ("BytesTotal", Variant::from(status.bytes_total)),
        ("ErrorName", Variant::from(error_name(status))),
        ("ErrorMessage", Variant::from(error_message(status))),
    ])
}

fn error_name(status: &JobStatus) -> String {
    status.error.as_ref().map(Error::full_name).unwrap_or_default()
}

fn error_message(status: &JobStatus) -> String {
    status.error.as_ref().map(ToString::to_string).unwrap_or_default()
}

/// One job on the bus.
#[derive(Debug)]
struct JobObject {
    job: Arc<PrepareImage>,
}

impl JobObject {
    fn status(&self) -> watch::Receiver<JobStatus> {
        self.job.status()
    }
}

#[interface(name = "org.dillinger.Runner1.Job")]
impl JobObject {
    fn cancel(&self) {
        self.job.cancel();
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn kind(&self) -> &str {
        "prepare-image"
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn image(&self) -> &str {
        self.job.image()
    }

    #[zbus(property)]
    fn state(&self) -> &str {
        self.status().borrow().state.as_str()
    }

    #[zbus(property)]
    fn phase(&self) -> &str {
        self.status().borrow().phase.as_str()
    }

    #[zbus(property)]
    fn progress(&self) -> f64 {
        self.status().borrow().progress
    }

    #[zbus(property)]
    fn bytes_done(&self) -> u64 {
        self.status().borrow().bytes_done
    }

    #[zbus(property)]
    fn bytes_total(&self) -> u64 {
        self.status().borrow().bytes_total
    }

    #[zbus(property)]
    fn error_name(&self) -> String {
        error_name(&self.status().borrow())
    }

    #[zbus(property)]
    fn error_message(&self) -> String {
        error_message(&self.status().borrow())
    }
}
