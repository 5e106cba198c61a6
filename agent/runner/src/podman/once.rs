//! Containers that the agent runs for itself: short work in an image, without a network. Podman puts each into a scope of its
//! own below the user manager, so what it uses is not the agent's.

use super::client::{Podman, failed};
use super::error::PodmanError;
use futures_util::StreamExt;
use podman_api::conn::TtyChunk;
use podman_api::{models, opts};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Bound of making and of starting a container.
const START_TIMEOUT: Duration = Duration::from_secs(300);
/// Bound of its run. A slow host takes minutes for a prefix.
const RUN_TIMEOUT: Duration = Duration::from_secs(3600);
/// Bound of asking what it printed.
const LOG_TIMEOUT: Duration = Duration::from_secs(20);
/// How much of what it printed explains a failure, in lines.
const LOG_LINES: usize = 5;

/// Work in a container.
#[derive(Debug, Clone)]
pub struct Once {
    /// Name of the container, the agent's own.
    pub name: String,
    /// Id of the image.
    pub image: String,
    /// What it runs.
    pub command: Vec<String>,
    /// Its variables.
    pub environment: Vec<(&'static str, &'static str)>,
    /// Its entry in `/etc/passwd`, as `podman run --passwd-entry` takes it.
    pub passwd_entry: String,
    /// What it sees.
    pub mounts: Vec<Mount>,
}

/// A mount of such a container.
#[derive(Debug, Clone)]
pub enum Mount {
    /// A directory of the host.
    Bind {
        /// The directory.
        source: PathBuf,
        /// Path in the container.
        target: &'static str,
        /// Whether it cannot be written.
        read_only: bool,
    },
    /// An empty file system in memory.
    Tmpfs(&'static str),
    /// A directory of the host with another over it.
    Overlay {
        /// The directory that stays as it is.
        lower: PathBuf,
        /// What takes the changes.
        upper: PathBuf,
        /// overlayfs's own directory.
        work: PathBuf,
        /// Path in the container.
        target: &'static str,
    },
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceEnd {
    /// Exit status.
    pub status: i32,
    /// The last that it printed, in one line; empty if it succeeded.
    pub said: String,
}

impl Podman {
    /// Runs a container to its end and removes it. When the caller drops the future, the container is still there:
    /// [`Podman::remove_container`] ends it.
    ///
    /// # Errors
    /// The image is not in the storage, the container cannot be started, or Podman cannot be reached or fails.
    pub async fn run_once(&self, once: &Once) -> Result<OnceEnd, PodmanError> {
        // One may be left of an agent that was killed in the middle.
        self.remove_container(&once.name).await?;
        let ended = self.start_and_wait(once).await;
        self.remove_container(&once.name).await?;
        ended
    }

    async fn start_and_wait(&self, once: &Once) -> Result<OnceEnd, PodmanError> {
        let options = options(once);
        let containers = self.api().containers();
        self.ask("make a container", START_TIMEOUT, || containers.create(&options)).await?;
        let container = containers.get(once.name.as_str());
        self.ask("start a container", START_TIMEOUT, || container.start(None)).await?;
        let wait = opts::ContainerWaitOpts::builder().build();
        self.ask("wait for a container", RUN_TIMEOUT, || container.wait(&wait)).await?;
        let status = self.exit_status(&once.name).await?;
        let said = if status == 0 { String::new() } else { self.last_lines(&once.name).await };
        Ok(OnceEnd { status, said })
    }

    /// Not by inspecting it: for that Podman measures the whole image.
    async fn exit_status(&self, name: &str) -> Result<i32, PodmanError> {
        let pattern = opts::ContainerListFilter::Name(format!("^{name}$"));
        let options = opts::ContainerListOpts::builder().all(true).filter([pattern]).build();
        let containers = self.api().containers();
        let listed = self.ask("list containers", LOG_TIMEOUT, || containers.list(&options)).await?;
        let status = listed.into_iter().next().and_then(|one| one.exit_code);
        status.ok_or_else(|| failed("list containers", &std::io::Error::other(format!("{name} has gone by itself"))))
    }

    async fn last_lines(&self, name: &str) -> String {
        let options = opts::ContainerLogsOpts::builder().stdout(true).stderr(true).tail(LOG_LINES.to_string()).build();
        let containers = self.api().containers();
        let container = containers.get(name);
        let read = async {
            let mut text = Vec::new();
            let mut chunks = container.logs(&options);
            while let Some(Ok(TtyChunk::StdOut(bytes) | TtyChunk::StdErr(bytes))) = chunks.next().await {
                text.extend(bytes);
            }
            String::from_utf8_lossy(&text).into_owned()
        };
        let text = tokio::time::timeout(LOG_TIMEOUT, read).await.unwrap_or_default();
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("; ")
    }

    /// The user's Podman keeps its overlays with this program; none where the kernel does it.
    ///
    /// # Errors
    /// Podman cannot be reached or fails.
    pub async fn mount_program(&self) -> Result<Option<String>, PodmanError> {
        Ok(self.info().await?.mount_program)
    }
}

fn options(once: &Once) -> opts::ContainerCreateOpts {
    let namespace = |mode: &str| models::Namespace { nsmode: Some(mode.to_owned()), value: None };
    opts::ContainerCreateOpts::builder()
        .name(&once.name)
        .image(&once.image)
        .command(&once.command)
        .env(once.environment.iter().copied())
        .user_namespace(namespace("keep-id"))
        .net_namespace(namespace("none"))
        .passwd_entry(&once.passwd_entry)
        .drop_capabilities(["ALL"])
        .read_only_fs(true)
        .init(true)
        .mounts(once.mounts.iter().filter_map(mount))
        .overlay_volumes(once.mounts.iter().filter_map(overlay))
        .build()
}

fn mount(mount: &Mount) -> Option<models::ContainerMount> {
    let (kind, source, target, options) = match mount {
        Mount::Bind { source, target, read_only } => {
            ("bind", text(source), target, ["rbind", if *read_only { "ro" } else { "rw" }])
        }
        // Podman's own mode for them is one that only root can write.
        Mount::Tmpfs(target) => ("tmpfs", "tmpfs".to_owned(), target, ["rw", "mode=1777"]),
        Mount::Overlay { .. } => return None,
    };
    Some(models::ContainerMount {
        destination: Some((*target).to_owned()),
        options: Some(options.map(str::to_owned).into()),
        source: Some(source),
        _type: Some(kind.to_owned()),
        uid_mappings: None,
        gid_mappings: None,
    })
}

fn overlay(mount: &Mount) -> Option<models::OverlayVolume> {
    let Mount::Overlay { lower, upper, work, target } = mount else { return None };
    let options = vec![format!("upperdir={}", text(upper)), format!("workdir={}", text(work))];
    let destination = Some((*target).to_owned());
    Some(models::OverlayVolume { destination, options: Some(options), source: Some(text(lower)) })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// An end that was not asked for, as an error.
pub(crate) fn failed_run(what: &'static str, end: &OnceEnd) -> PodmanError {
    let said = if end.said.is_empty() { String::new() } else { format!(": {}", end.said) };
    failed(what, &std::io::Error::other(format!("the container ended with status {}{said}", end.status)))
}
