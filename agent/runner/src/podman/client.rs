//! Questions to the user's Podman over its REST socket.

use super::error::PodmanError;
use super::{names, socket};
use crate::systemd::Systemd;
use podman_api::models::{self, IdMap};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// Bound of the first answer of all. The socket activates a whole process, which
/// opens the storage before it answers, and on a slow disk that takes a while.
/// As long as systemd itself waits for a service by default.
const AWAKE_TIMEOUT: Duration = Duration::from_secs(90);
/// Bound of a question that Podman answers from its own records. Storage may be
/// locked for a while.
const QUESTION_TIMEOUT: Duration = Duration::from_secs(30);
/// Removing waits for locks that many others may hold.
const REMOVE_TIMEOUT: Duration = Duration::from_secs(120);
/// Bound of the copy that `keep-id` makes of an image, which is work for the
/// disk in proportion to the image.
const PREWARM_TIMEOUT: Duration = Duration::from_secs(3600);

/// The label of our images that says what they run; `wine` needs a template for prefixes.
const RUNNER_LABEL: &str = "org.dillinger.runner";
/// The label of images of displays that says with which agents their programs go.
const DISPLAY_LABEL: &str = "org.dillinger.display";

/// An image in the user's storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFact {
    /// Full id, 64 hexadecimal digits.
    pub id: String,
    /// What kind of runner it is, by its label `org.dillinger.runner`.
    pub runner: Option<String>,
    /// With which agents its display goes, by its label `org.dillinger.display`.
    pub display: Option<String>,
    /// Size of its layers in bytes.
    pub size: u64,
    /// The file in which its store lists its images: it is replaced whenever an
    /// image of the store comes, goes or changes. `None` when Podman does not
    /// say where the image lies.
    pub index: Option<PathBuf>,
}

/// What Podman says about itself and its storage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PodmanInfo {
    /// Version, for example `5.4.2`.
    pub version: String,
    /// Where images and containers lie.
    pub graph_root: PathBuf,
    /// Storage driver, for example `overlay`.
    pub driver: String,
    /// The program that mounts overlays in user space, where one is used.
    pub mount_program: Option<String>,
    /// False when Podman runs as root.
    pub rootless: bool,
    /// `v2` or `v1`.
    pub cgroup_version: String,
    /// How many user ids a container has.
    pub uids: u64,
    /// How many group ids a container has.
    pub gids: u64,
}

/// A client of the user's Podman. It keeps no connection open: Podman's service
/// ends by itself when nobody is connected.
#[derive(Debug)]
pub struct Podman {
    socket: PathBuf,
    api: podman_api::Podman,
    systemd: Option<Systemd>,
    /// Pre-warming is disk work; one after the other is faster than all at once.
    prewarming: Mutex<()>,
    removing: Mutex<()>,
}

impl Podman {
    /// A client of the socket in `runtime_dir` (`$XDG_RUNTIME_DIR`). When
    /// nobody listens there, `podman.socket` is started through the user
    /// manager; without one that is an error.
    pub fn new(runtime_dir: &Path, systemd: Option<Systemd>) -> Arc<Self> {
        let socket = runtime_dir.join("podman/podman.sock");
        let api = podman_api::Podman::unix(&socket);
        Arc::new(Self { socket, api, systemd, prewarming: Mutex::default(), removing: Mutex::default() })
    }

    /// The socket's path.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn api(&self) -> &podman_api::Podman {
        &self.api
    }

    /// Waits until Podman's service answers anything. Whoever waits here first
    /// has the bound of a question for the question alone.
    ///
    /// # Errors
    /// Podman does not answer in time, or cannot be reached.
    pub async fn awake(&self) -> Result<(), PodmanError> {
        let answer = self.ask("answer", AWAKE_TIMEOUT, || anything(self.api.ping())).await;
        answer.map_err(|error| match error {
            PodmanError::TimedOut { after, .. } => PodmanError::Silent { after },
            other => other,
        })
    }

    /// The version and the storage of Podman.
    ///
    /// # Errors
    /// Podman cannot be reached or fails.
    pub async fn info(&self) -> Result<PodmanInfo, PodmanError> {
        let info = self.ask("describe itself", QUESTION_TIMEOUT, || self.api.info()).await?;
        Ok(info_from(info))
    }

    /// The image with this name or id; `None` when it is not in the storage.
    ///
    /// # Errors
    /// The name is none, or Podman cannot be reached or fails.
    pub async fn image(&self, name: &str) -> Result<Option<ImageFact>, PodmanError> {
        let image = self.api.images().get(names::image(name)?);
        let answer = self.ask("inspect the image", QUESTION_TIMEOUT, || found(image.inspect())).await?;
        Ok(answer.map(image_from))
    }

    /// Where a volume lies on the host; `None` when there is no such volume.
    ///
    /// # Errors
    /// The name is none, or Podman cannot be reached or fails.
    pub async fn volume_mountpoint(&self, name: &str) -> Result<Option<PathBuf>, PodmanError> {
        let volume = self.api.volumes().get(names::volume(name)?);
        let answer = self.ask("inspect the volume", QUESTION_TIMEOUT, || found(volume.inspect())).await?;
        Ok(answer.map(|volume| PathBuf::from(volume.mountpoint)))
    }

    /// Makes the copy of the image that `UserNS=keep-id` needs, by creating and
    /// removing a container that never runs. Quick when the copy exists.
    ///
    /// The work goes on to its end when the caller stops waiting, so that no
    /// container is left behind.
    ///
    /// # Errors
    /// The image is not in the storage, or Podman cannot be reached or fails.
    pub async fn prewarm(self: &Arc<Self>, image: &ImageFact) -> Result<(), PodmanError> {
        let (podman, image) = (Arc::clone(self), image.clone());
        let work = tokio::spawn(async move { podman.create_and_remove(&image).await });
        work.await.map_err(|error| failed("prepare the image", &error))?
    }

    async fn create_and_remove(&self, image: &ImageFact) -> Result<(), PodmanError> {
        let _turn = self.prewarming.lock().await;
        let name = format!("dillinger-prewarm-{}", image.id.get(..12).unwrap_or(&image.id));
        let containers = self.api.containers();
        let container = containers.get(name.as_str());
        // One may be left of an agent that was killed in the middle.
        self.ask("remove a container", QUESTION_TIMEOUT, || found(container.remove())).await?;
        let keep_id = models::Namespace { nsmode: Some("keep-id".to_owned()), value: None };
        let options = podman_api::opts::ContainerCreateOpts::builder()
            .name(&name)
            .image(&image.id)
            .user_namespace(keep_id)
            .command(["true"])
            .build();
        self.ask("prepare the image", PREWARM_TIMEOUT, || containers.create(&options)).await?;
        self.ask("remove a container", QUESTION_TIMEOUT, || found(container.remove())).await.map(|_| ())
    }

    /// Removes a container with its anonymous volumes, running or not; one that
    /// is not there is removed already. One at a time: on a host that is too
    /// busy for a unit's own clean-up, more would not help.
    ///
    /// # Errors
    /// Podman cannot be reached or fails.
    pub async fn remove_container(&self, name: &str) -> Result<(), PodmanError> {
        let _turn = self.removing.lock().await;
        let containers = self.api.containers();
        let container = containers.get(name);
        let options = podman_api::opts::ContainerDeleteOpts::builder().force(true).volumes(true).timeout(0).build();
        let remove = || self.ask("remove a container", REMOVE_TIMEOUT, || found(container.delete(&options)));
        // With a monitor that was killed, the first try only finds that out.
        match remove().await {
            Ok(_) => Ok(()),
            Err(_) => remove().await.map(|_| ()),
        }
    }

    /// Asks, and once more after starting the socket when nobody listened.
    pub(super) async fn ask<T, F, Fut>(
        &self,
        what: &'static str,
        limit: Duration,
        question: F,
    ) -> Result<T, PodmanError>
    where
        F: Fn() -> Fut,
        Fut: Future<Output = podman_api::Result<T>>,
    {
        let asked = async {
            match question().await {
                Err(error) if nobody_listens(&error) => {
                    self.start_socket().await?;
                    question().await.map_err(|error| failed(what, &error))
                }
                answer => answer.map_err(|error| failed(what, &error)),
            }
        };
        let timed_out = |_| PodmanError::TimedOut { what, after: limit };
        tokio::time::timeout(limit, asked).await.map_err(timed_out)?
    }

    /// Starts `podman.socket` through the user manager.
    pub(super) async fn start_socket(&self) -> Result<(), PodmanError> {
        match &self.systemd {
            Some(systemd) => socket::start(systemd).await,
            None => Err(PodmanError::Unavailable(format!("nobody listens on {}", self.socket.display()))),
        }
    }
}

/// True when the request did not reach anybody.
pub(super) fn nobody_listens(error: &podman_api::Error) -> bool {
    match error {
        podman_api::Error::Error(podman_api::conn::Error::Hyper(error)) => error.is_connect(),
        _ => false,
    }
}

/// "No such thing" as `None`.
async fn found<T>(question: impl Future<Output = podman_api::Result<T>>) -> podman_api::Result<Option<T>> {
    match question.await {
        Ok(answer) => Ok(Some(answer)),
        Err(podman_api::Error::Fault { code, .. }) if code.as_u16() == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

/// Any answer at all, a refusal too.
async fn anything<T>(question: impl Future<Output = podman_api::Result<T>>) -> podman_api::Result<()> {
    match question.await {
        Err(error @ podman_api::Error::Error(podman_api::conn::Error::Hyper(_))) => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn failed(what: &'static str, error: &dyn std::error::Error) -> PodmanError {
    PodmanError::Failed { what, message: error.to_string() }
}

fn image_from(image: models::ImageData) -> ImageFact {
    let mut labels = image.labels.unwrap_or_default();
    ImageFact {
        id: image.id.unwrap_or_default(),
        runner: labels.remove(RUNNER_LABEL),
        display: labels.remove(DISPLAY_LABEL),
        size: image.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        index: image.graph_driver.as_ref().and_then(index_of),
    }
}

/// containers-storage keeps a layer in `STORE/overlay/LAYER/diff`, and the
/// images of the store in `STORE/overlay-images/images.json`.
fn index_of(driver: &models::DriverData) -> Option<PathBuf> {
    let layer = Path::new(driver.data.as_ref()?.get("UpperDir")?);
    let mut above = layer.ancestors().skip(2);
    let is_overlay = above.next()?.file_name()? == "overlay";
    is_overlay.then_some(above.next()?.join("overlay-images/images.json"))
}

fn info_from(info: models::Info) -> PodmanInfo {
    let store = info.store;
    let host = info.host;
    let maps = host.as_ref().and_then(|host| host.id_mappings.clone());
    let ids = |map: Option<Vec<IdMap>>| map.unwrap_or_default().iter().filter_map(size_of).sum();
    let (uid_map, gid_map) = maps.map_or((None, None), |maps| (maps.uidmap, maps.gidmap));
    PodmanInfo {
        version: info.version.and_then(|version| version.version).unwrap_or_default(),
        graph_root: store.as_ref().and_then(|store| store.graph_root.clone()).unwrap_or_default().into(),
        driver: store.as_ref().and_then(|store| store.graph_driver_name.clone()).unwrap_or_default(),
        mount_program: store.and_then(|store| store.graph_options).as_ref().and_then(mount_program),
        rootless: host.as_ref().and_then(|host| host.security.as_ref()?.rootless).unwrap_or(false),
        cgroup_version: host.and_then(|host| host.cgroup_version).unwrap_or_default(),
        uids: ids(uid_map),
        gids: ids(gid_map),
    }
}

fn size_of(map: &IdMap) -> Option<u64> {
    map.size.and_then(|size| u64::try_from(size).ok())
}

/// `overlay.mount_program` of storage.conf(5); Podman shows it with its version.
fn mount_program(options: &serde_json::Value) -> Option<String> {
    let program = options.get("overlay.mount_program")?;
    let path = program.get("Executable").unwrap_or(program).as_str()?;
    Some(path.to_owned())
}
