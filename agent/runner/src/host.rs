//! The facts of this host that one request needs.

use crate::builds::Builds;
use crate::diagnose::{self, GeneratorProbe};
use crate::gamepad;
use crate::paths::Paths;
use crate::podman::PodmanCache;
use crate::prefix::Store;
use crate::store::Generator;
use crate::windows;
use dillinger_runner_api::Error;
use dillinger_runner_core::host::{HostFacts, LibraryFact, PathFact, PodmanVersion, WindowsFacts};
use dillinger_runner_core::request::Library;
use dillinger_runner_core::spec::SessionSpec;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The user's id, as the kernel knows him.
pub fn uid() -> u32 {
    nix::unistd::getuid().as_raw()
}

/// What the host has.
#[derive(Debug)]
pub struct Host {
    paths: Paths,
    podman: PodmanCache,
    generator: Arc<GeneratorProbe>,
    prefixes: Store,
    builds: Builds,
}

impl Host {
    /// This host, with this Podman and these prefixes.
    pub fn new(paths: Paths, podman: PodmanCache, prefixes: Store) -> Self {
        let generator = GeneratorProbe::new(&paths.root, paths.generator.clone());
        let builds = Builds::new(&paths);
        Self { paths, podman, generator: Arc::new(generator), prefixes, builds }
    }

    /// The Wine and Proton builds of this host.
    pub fn builds(&self) -> &Builds {
        &self.builds
    }

    /// cgroup controllers delegated to the user manager.
    pub fn controllers(&self) -> Vec<String> {
        diagnose::delegated_controllers(&self.paths.root, uid()).unwrap_or_else(|error| {
            tracing::warn!(%error, "the delegated cgroup controllers cannot be read");
            Vec::new()
        })
    }

    /// What finds Podman's generator.
    pub fn generator_probe(&self) -> Arc<GeneratorProbe> {
        Arc::clone(&self.generator)
    }

    /// Podman's version, if its generator was found.
    pub async fn podman_version(&self) -> Option<PodmanVersion> {
        self.generator.find().await.ok().map(|found| found.version)
    }

    /// Podman's generator.
    ///
    /// # Errors
    /// It is missing, or too old for the Quadlets we write.
    pub async fn generator(&self) -> Result<Generator, Error> {
        let found = self.generator.find().await.map_err(Error::Unsupported)?;
        match diagnose::refusal(found.version) {
            Some(refusal) => Err(Error::Unsupported(refusal)),
            None => Ok(Generator::new(found.program)),
        }
    }

    /// Gathers the facts for one session.
    ///
    /// # Errors
    /// Podman cannot be asked, or is too old.
    pub async fn facts(&self, spec: &SessionSpec) -> Result<HostFacts, Error> {
        self.generator().await?;
        if !diagnose::is_unified(&self.paths.root) {
            return Err(Error::Unsupported(
                "this host has cgroup v1, limits and Quadlets need cgroup v2 (see Diagnose)".to_owned(),
            ));
        }
        let image = self.podman.image(&spec.image).await?;
        let display_image = match &spec.stream {
            Some(stream) => self.podman.image(&stream.image).await?,
            None => None,
        };
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let library = self.library(&spec.library).await?;
        let paths = paths_of(spec).await;
        let windows = self.windows(spec, image.as_ref().map(|image| image.id.clone()), &library, &paths).await?;
        Ok(HostFacts {
            uid: uid(),
            controllers: self.controllers(),
            image_present: image.is_some(),
            display_image: display_image.map(|image| image.display.unwrap_or_default()),
            gamepads: gamepad::found(&self.paths.root, spec),
            library,
            paths,
            windows,
            saves_root: text(&self.paths.saves()),
            runtime_dir: text(&self.paths.runtime),
            state_dir: text(&self.paths.state),
            agent: text(&self.paths.agent),
            seccomp: text(&self.paths.seccomp()),
        })
    }

    async fn windows(
        &self,
        spec: &SessionSpec,
        image: Option<String>,
        library: &LibraryFact,
        paths: &BTreeMap<String, PathFact>,
    ) -> Result<Option<WindowsFacts>, Error> {
        let Some(windows) = spec.windows.clone() else { return Ok(None) };
        let (spec, library, paths) = (spec.clone(), library.clone(), paths.clone());
        let (store, builds, own) = (self.prefixes.clone(), self.builds.clone(), self.paths.clone());
        let look = move || {
            let sources = windows::Sources {
                root: &own.root,
                store: &store,
                builds: &builds,
                image: image.as_deref(),
                library: &library,
                paths: &paths,
                saves: &own.saves(),
            };
            windows::facts(&spec, &windows, &sources)
        };
        let looked = off_thread(look).await;
        looked.map(Some).ok_or_else(|| Error::LibraryUnavailable(format!("looking for the program: {NO_ANSWER}")))
    }

    async fn library(&self, library: &Library) -> Result<LibraryFact, Error> {
        let directory = match library {
            Library::None => return Ok(LibraryFact::NotAsked),
            Library::Directory(path) => PathBuf::from(path),
            Library::Volume(name) => match self.podman.volume_mountpoint(name).await? {
                Some(path) => path,
                None => {
                    return Ok(LibraryFact::Unavailable {
                        place: name.clone(),
                        reason: "there is no such volume".to_owned(),
                    });
                }
            },
        };
        let place = directory.to_string_lossy().into_owned();
        Ok(match off_thread(move || std::fs::read_dir(&directory).map(|_| ())).await {
            Some(Ok(())) => LibraryFact::At(place),
            Some(Err(error)) => LibraryFact::Unavailable { place, reason: error.to_string() },
            None => LibraryFact::Unavailable { place, reason: NO_ANSWER.to_owned() },
        })
    }
}

/// How long a file system may take: a network share that is gone answers never.
const LOOK_DEADLINE: Duration = Duration::from_secs(5);
const NO_ANSWER: &str = "its file system does not answer";

/// Looks at files on a thread of its own, so that a file system that hangs does
/// not stop the agent; nothing if it takes too long.
async fn off_thread<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let looked = tokio::time::timeout(LOOK_DEADLINE, tokio::task::spawn_blocking(look)).await;
    looked.ok()?.ok()
}

async fn paths_of(spec: &SessionSpec) -> BTreeMap<String, PathFact> {
    let prefix = spec.windows.iter().filter_map(|windows| windows.prefix.as_ref());
    let sources: Vec<String> =
        spec.mounts.iter().map(|mount| &mount.source).chain(&spec.saves).chain(prefix).cloned().collect();
    if sources.is_empty() {
        return BTreeMap::new();
    }
    let unknown = |path: String| (path, PathFact::Missing(NO_ANSWER.to_owned()));
    let missing = sources.clone().into_iter().map(unknown);
    let look = move || sources.into_iter().map(|path| (path.clone(), look_at(Path::new(&path)))).collect();
    off_thread(look).await.unwrap_or_else(|| missing.collect())
}

fn look_at(path: &Path) -> PathFact {
    let found = path.canonicalize().and_then(|canonical| Ok((std::fs::metadata(&canonical)?, canonical)));
    let (meta, canonical) = match found {
        Ok(found) => found,
        Err(error) => return PathFact::Missing(error.to_string()),
    };
    match canonical.into_os_string().into_string() {
        Ok(canonical) => PathFact::Found { canonical, owner: meta.uid(), directory: meta.is_dir() },
        Err(_) => PathFact::Missing("its real path is not UTF-8".to_owned()),
    }
}
