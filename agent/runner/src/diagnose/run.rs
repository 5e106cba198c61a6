//! All probes at once, each with a deadline.

use super::finding::{Finding, Subject};
use super::user::User;
use super::{cgroup, gamepads, ids, journal, podman, runtime_dir, services, storage, user};
use crate::config::{Problem, Settings};
use crate::podman::{ImageFact, Podman, PodmanError};
use crate::systemd::Systemd;
use dillinger_runner_core::policy::DEFAULT_LIBRARY;
use dillinger_runner_core::request::Library;
use dillinger_runner_core::value::RawValue;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, join_all};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A probe that takes longer hangs: in a file system, on the bus. Questions to
/// Podman have bounds of their own.
const DEADLINE: Duration = Duration::from_secs(20);

/// Ends when Podman's service answers, or has not for too long. All questions
/// of one diagnosis wait for the same one.
type Awake<'a> = Shared<BoxFuture<'a, Result<(), PodmanError>>>;

/// Whom and what to ask.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// `/` on a real host.
    pub root: PathBuf,
    /// Whose sessions.
    pub user: User,
    /// `$XDG_RUNTIME_DIR`, if it is set.
    pub runtime_dir: Option<PathBuf>,
    /// Podman's generator.
    pub generator: Arc<podman::GeneratorProbe>,
    /// Podman's service.
    pub podman: Arc<Podman>,
    /// The user manager.
    pub systemd: Systemd,
    /// The session bus.
    pub bus: zbus::Connection,
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// What is wrong with the settings files.
    pub problems: Vec<Problem>,
}

impl Diagnosis {
    /// Every finding, in a fixed order. Takes at most as long as the slowest
    /// probe, and that has a deadline. Podman's service may have to start first,
    /// for which its probes wait, and no others.
    pub async fn run(&self) -> Vec<Finding> {
        let awake = self.podman.awake().boxed().shared();
        let probes: Vec<BoxFuture<'_, Vec<Finding>>> = vec![
            within(&[podman::VERSION, podman::GENERATOR], self.generator()).boxed(),
            self.files(&[cgroup::VERSION, cgroup::CONTROLLERS, cgroup::PRESSURE], |root, user| {
                let cgroups = cgroup::read(root, user.uid);
                let pressure = cgroup::judge_pressure(cgroup::pressure_available(root));
                vec![cgroup::judge_version(&cgroups), cgroup::judge_controllers(&cgroups), pressure]
            }),
            self.files(&[ids::SUBJECT], |root, user| vec![ids::judge(&ids::read(root, user), user)]),
            self.files(&[user::LINGER], |root, user| vec![user::judge_linger(&user::read_linger(root, user), user)]),
            self.files(&[journal::READABLE, journal::DROPPED, journal::RATE], |root, user| {
                let found = journal::read(root, user);
                let rate = journal::judge_rate_limit(journal::read_rate_limit(root, user.uid));
                vec![journal::judge_readable(&found, user), journal::judge_dropped(&found, user), rate]
            }),
            self.files(&[gamepads::SUBJECT], |root, user| vec![gamepads::judge(&gamepads::read(root), user)]),
            self.runtime_directory(),
            within(&[services::MANAGER], self.manager()).boxed(),
            within(&[services::BUS], self.session_bus()).boxed(),
            self.driver(awake.clone()).boxed(),
            self.default_image(awake.clone()).boxed(),
            self.display_image(awake.clone()).boxed(),
            self.library(awake).boxed(),
            std::future::ready(vec![services::judge_settings(&self.problems)]).boxed(),
        ];
        join_all(probes).await.concat()
    }

    /// A probe of files, which may block.
    fn files(
        &self,
        subjects: &'static [Subject],
        probe: impl FnOnce(&Path, &User) -> Vec<Finding> + Send + 'static,
    ) -> BoxFuture<'static, Vec<Finding>> {
        let (root, user) = (self.root.clone(), self.user.clone());
        blocking(subjects, move || probe(&root, &user))
    }

    fn runtime_directory(&self) -> BoxFuture<'static, Vec<Finding>> {
        let (path, uid) = (self.runtime_dir.clone(), self.user.uid);
        blocking(&[runtime_dir::SUBJECT], move || {
            let path = path.ok_or_else(|| "$XDG_RUNTIME_DIR is not set".to_owned());
            vec![runtime_dir::judge(&path.and_then(|path| runtime_dir::read(&path)), uid)]
        })
    }

    async fn generator(&self) -> Vec<Finding> {
        let found = self.generator.look().await;
        vec![podman::judge_version(&found), podman::judge_generator(&found)]
    }

    async fn manager(&self) -> Vec<Finding> {
        let version = self.systemd.version().await.map_err(|error| error.to_string());
        vec![services::judge_manager(&version)]
    }

    async fn session_bus(&self) -> Vec<Finding> {
        let id = async { zbus::fdo::DBusProxy::new(&self.bus).await?.get_id().await.map_err(zbus::Error::from) };
        let id = id.await.map(|id| id.to_string()).map_err(|error: zbus::Error| error.to_string());
        vec![services::judge_bus(&id)]
    }

    async fn driver(&self, awake: Awake<'_>) -> Vec<Finding> {
        vec![storage::judge_driver(&ask(awake, self.podman.info()).await)]
    }

    /// The image and its copy: only the image itself tells where that would be.
    async fn default_image(&self, awake: Awake<'_>) -> Vec<Finding> {
        let name = default_text(&self.settings, "Image").unwrap_or(&self.settings.policy.images.native);
        let image = ask(awake, self.podman.image(name)).await;
        let mut findings = vec![storage::judge_image(storage::IMAGE, name, &image)];
        findings.extend(prewarmed(name.to_owned(), image).await);
        findings
    }

    async fn display_image(&self, awake: Awake<'_>) -> Vec<Finding> {
        let name = &self.settings.policy.stream.image;
        let image = ask(awake, self.podman.image(name)).await;
        vec![storage::judge_display_image(name, &image)]
    }

    async fn library(&self, awake: Awake<'_>) -> Vec<Finding> {
        let library = match default_text(&self.settings, "Library").unwrap_or(DEFAULT_LIBRARY) {
            "" => Library::None,
            path if path.starts_with('/') => Library::Directory(path.to_owned()),
            name => Library::Volume(name.to_owned()),
        };
        let path = match &library {
            Library::None => Ok(None),
            Library::Directory(path) => Ok(Some(PathBuf::from(path))),
            Library::Volume(name) => ask(awake, self.podman.volume_mountpoint(name)).await,
        };
        blocking(&[storage::LIBRARY], move || {
            let place = path.map(|path| path.map(|path| storage::read_directory(&path)));
            vec![storage::judge_library(&library, &place)]
        })
        .await
    }
}

/// The answer of a Podman that is awake.
async fn ask<T>(awake: Awake<'_>, question: impl Future<Output = Result<T, PodmanError>>) -> Result<T, PodmanError> {
    awake.await?;
    question.await
}

fn prewarmed(name: String, image: Result<Option<ImageFact>, PodmanError>) -> BoxFuture<'static, Vec<Finding>> {
    blocking(&[storage::PREWARMED], move || {
        let prewarmed = match &image {
            Ok(Some(image)) => storage::read_prewarmed(image),
            // Once it is there it has to be copied.
            Ok(None) => Ok(false),
            Err(error) => Err(error.to_string()),
        };
        vec![storage::judge_prewarmed(&name, &prewarmed)]
    })
}

/// A text among the defaults of sessions.
fn default_text<'a>(settings: &'a Settings, key: &str) -> Option<&'a str> {
    match settings.policy().defaults.get(key)? {
        RawValue::Str(text) => Some(text),
        _ => None,
    }
}

fn blocking(
    subjects: &'static [Subject],
    probe: impl FnOnce() -> Vec<Finding> + Send + 'static,
) -> BoxFuture<'static, Vec<Finding>> {
    let done = tokio::task::spawn_blocking(probe);
    let findings = async move { done.await.unwrap_or_else(|error| all_unknown(subjects, &error)) };
    within(subjects, findings).boxed()
}

/// The findings, or that there are none in time.
async fn within(subjects: &'static [Subject], probe: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    let late = |_| all_unknown(subjects, &format!("no answer within {} s", DEADLINE.as_secs()));
    tokio::time::timeout(DEADLINE, probe).await.unwrap_or_else(late)
}

fn all_unknown(subjects: &[Subject], reason: &dyn std::fmt::Display) -> Vec<Finding> {
    subjects.iter().map(|subject| subject.unknown(reason)).collect()
}

#[cfg(test)]
mod tests;
