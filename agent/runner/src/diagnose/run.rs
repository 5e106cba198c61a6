//! All probes at once, each with a deadline.

use super::finding::{Finding, Subject};
use super::user::User;
use super::{cgroup, gamepads, ids, journal, podman, runtime_dir, services, storage, user};
use crate::config::{Problem, Settings};
use crate::podman::{Podman, PodmanError};
use crate::systemd::Systemd;
use dillinger_runner_core::policy::DEFAULT_LIBRARY;
use dillinger_runner_core::request::Library;
use dillinger_runner_core::value::RawValue;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A probe that takes longer hangs: in a file system, in Podman, on the bus.
const DEADLINE: Duration = Duration::from_secs(20);

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
    /// probe, and that has a deadline.
    pub async fn run(&self) -> Vec<Finding> {
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
            within(&storage::SUBJECTS, self.storage()).boxed(),
            within(&[storage::LIBRARY], self.library()).boxed(),
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
        let found = self.generator.find().await;
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

    async fn storage(&self) -> Vec<Finding> {
        let name = default_text(&self.settings, "Image").unwrap_or(&self.settings.policy.images.native);
        let info = self.podman.info().await;
        let image = self.podman.image(name).await;
        let prewarmed = match &image {
            Ok(Some(image)) => storage::read_prewarmed(image),
            Ok(None) => Err(format!("{name} is not in the storage")),
            Err(error) => Err(error.to_string()),
        };
        let prewarmed = storage::judge_prewarmed(name, &prewarmed);
        let display = &self.settings.policy.stream.image;
        let display = storage::judge_image(storage::DISPLAY_IMAGE, display, &self.podman.image(display).await);
        vec![storage::judge_driver(&info), storage::judge_image(storage::IMAGE, name, &image), prewarmed, display]
    }

    async fn library(&self) -> Vec<Finding> {
        let library = match default_text(&self.settings, "Library").unwrap_or(DEFAULT_LIBRARY) {
            "" => Library::None,
            path if path.starts_with('/') => Library::Directory(path.to_owned()),
            name => Library::Volume(name.to_owned()),
        };
        let path = match &library {
            Library::None => Ok(None),
            Library::Directory(path) => Ok(Some(PathBuf::from(path))),
            Library::Volume(name) => self.podman.volume_mountpoint(name).await,
        };
        let place = look_into(path).await;
        vec![storage::judge_library(&library, &place)]
    }
}

async fn look_into(path: Result<Option<PathBuf>, PodmanError>) -> storage::LibraryPlace {
    let Some(path) = path? else { return Ok(None) };
    let looked = tokio::task::spawn_blocking(move || storage::read_directory(&path)).await;
    Ok(Some(looked.unwrap_or_else(|error| Err(error.to_string()))))
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
mod tests {
    use super::super::finding::Status;
    use super::*;
    use crate::podman::tests::fake::user_manager;
    use std::collections::BTreeSet;

    #[tokio::test]
    async fn a_host_with_nothing_gets_every_finding() {
        let root = tempfile::tempdir().unwrap();
        let manager = user_manager("failed", || ()).await;
        let diagnosis = Diagnosis {
            root: root.path().to_owned(),
            user: User { uid: 1000, name: "player".to_owned(), groups: Vec::new() },
            runtime_dir: None,
            generator: Arc::new(podman::GeneratorProbe::new(root.path(), None)),
            podman: Podman::new(root.path(), Some(manager.systemd.clone())),
            systemd: manager.systemd,
            bus: manager.client,
            settings: Arc::default(),
            problems: Vec::new(),
        };
        let findings = diagnosis.run().await;
        let ids: BTreeSet<_> = findings.iter().map(|finding| finding.subject.id).collect();
        assert_eq!((findings.len(), ids.len()), (20, 20), "{findings:#?}");
        let ok: Vec<_> = findings.iter().filter(|f| f.status == Status::Ok).map(|f| f.subject.id).collect();
        assert_eq!(ok, ["user-manager", "settings"], "{findings:#?}");
        for finding in findings.iter().filter(|finding| finding.status == Status::Error) {
            assert!(!finding.remedy.is_empty() && !finding.summary.contains('\n'), "{finding:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_hangs_is_unknown() {
        let findings = within(&[ids::SUBJECT, user::LINGER], std::future::pending()).await;
        let found: Vec<_> = findings.iter().map(|finding| (finding.subject.id, finding.status)).collect();
        assert_eq!(found, [("subordinate-ids", Status::Unknown), ("linger", Status::Unknown)]);
        assert!(findings[0].summary.contains("no answer within 20 s"));
    }

    #[tokio::test]
    async fn a_probe_that_fails_is_unknown() {
        let findings = blocking(&[ids::SUBJECT], || panic!("broken")).await;
        assert_eq!(findings[0].status, Status::Unknown);
    }
}
