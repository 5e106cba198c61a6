//! How templates are made: by the image's supervisor, in a container of the image.

use super::directory::is_there;
use super::error::{Error, Result as StoreResult};
use super::record::{Layering, TemplateRecord, write};
use super::store::{Store, fresh_part, names, part, put_away};
use super::template::{PREFIX, RECORD, Template, template_key, wine_prefix};
use crate::clock::now_usec;
use crate::podman::{ImageFact, Mount, Once, Podman, PodmanError};
use crate::store::{make_private, write_whole};
use crate::tree;
use dillinger_runner_api::Error as ApiError;
use dillinger_runner_core::plan::HOME_TARGET;
use dillinger_runner_core::wine::{
    BUILD_DIRECTORY, DIRECTORY, LAUNCH_FILE, Launch, PREFIX_DIRECTORY, PrefixSettings, Report, SUPERVISOR, Tool,
    WINDOWS_USER,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// How often it is looked how far a template is.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Files in a prefix's system directories when about half of the work is done.
const HALF: f64 = 400.0;
/// What the supervisor may take for ending Wine.
const CLOSE_USEC: u64 = 30_000_000;
/// Name of the directory of the supervisor's files in what is being made.
const RUN: &str = "run";

/// A build of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostBuild {
    /// Its name.
    pub name: String,
    /// What it is.
    pub tool: Tool,
    /// Its directory.
    pub path: PathBuf,
}

/// What a template is to be made of.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The image.
    pub image: ImageFact,
    /// The image as the caller named it.
    pub name: String,
    /// The build of the host; none is the image's own Wine.
    pub build: Option<HostBuild>,
}

impl Wish {
    fn key(&self) -> String {
        template_key(&self.image.id, self.build.as_ref().map(|build| build.name.as_str()))
    }

    fn tool(&self) -> Tool {
        self.build.as_ref().map_or(Tool::Wine, |build| build.tool)
    }
}

/// Makes templates, one at a time.
#[derive(Debug, Clone)]
pub struct Maker {
    store: Store,
    podman: Arc<Podman>,
    turn: Arc<Mutex<()>>,
}

impl Maker {
    /// For these prefixes and this Podman.
    pub fn new(store: Store, podman: Arc<Podman>) -> Self {
        Self { store, podman, turn: Arc::default() }
    }

    /// The template that is wished for: the one that is there, or a new one. `progress` hears numbers between 0 and 1.
    /// Leaves nothing behind when the caller drops the future.
    ///
    /// # Errors
    /// Podman refuses, the image's Wine fails, or the file system refuses.
    pub async fn make(&self, wish: &Wish, progress: impl Fn(f64)) -> Result<Template, ApiError> {
        let key = wish.key();
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if let Some(template) = self.store.template(&key) {
            return Ok(template);
        }
        let mut making = Making {
            podman: Arc::clone(&self.podman),
            container: container(&key),
            place: part(&self.store.templates, &key),
            turn: Some(turn),
            done: false,
        };
        self.prepare(wish, &key).await?;
        self.fill(wish, &making, progress).await?;
        let layering = self.layering(wish, &making).await;
        let record = TemplateRecord {
            image_id: wish.image.id.clone(),
            image: wish.name.clone(),
            build: wish.build.as_ref().map(|build| build.name.clone()),
            tool: wish.tool(),
            layering,
            created_usec: now_usec(),
        };
        let template = self.keep(&making, &key, record).await?;
        making.done = true;
        Ok(template)
    }

    /// Removes everything that was being made when the agent ended, with the containers that still make templates. To be
    /// called before anything is made.
    ///
    /// # Errors
    /// The first; the rest is removed all the same.
    pub async fn sweep(&self) -> Result<(), ApiError> {
        let templates = self.store.templates.clone();
        let mut first = Ok(());
        for name in blocking(move || names(&templates)).await? {
            let Some(key) = name.strip_prefix('.').and_then(|rest| rest.strip_suffix(".part")) else { continue };
            first = first.and(self.podman.remove_container(&container(key)).await.map_err(ApiError::from));
        }
        let store = self.store.clone();
        first.and(blocking(move || store.sweep()).await)
    }

    /// Removes templates whose image has gone and that no prefix is a layer over.
    ///
    /// # Errors
    /// Podman does not say which images there are, or the file system refuses.
    pub async fn remove_unused(&self) -> Result<(), ApiError> {
        let store = self.store.clone();
        let mut present = BTreeSet::new();
        for template in blocking(move || store.templates()).await? {
            if self.podman.image(&template.record.image_id).await?.is_some() {
                present.insert(template.record.image_id);
            }
        }
        let (store, _turn) = (self.store.clone(), self.turn.lock().await);
        let removed = blocking(move || store.remove_unused_templates(|id| present.contains(id))).await?;
        if !removed.is_empty() {
            tracing::info!(templates = removed.join(" "), "removed templates whose images have gone");
        }
        Ok(())
    }

    /// An empty prefix, and what the supervisor is told.
    async fn prepare(&self, wish: &Wish, key: &str) -> Result<(), ApiError> {
        let (templates, key) = (self.store.templates.clone(), key.to_owned());
        let launch = Launch {
            tool: wish.tool(),
            host_build: wish.build.is_some(),
            program: None,
            settings: PrefixSettings::default(),
            migrate: false,
            install: false,
            install_directory: None,
            close_usec: CLOSE_USEC,
        };
        blocking(move || {
            let place = fresh_part(&templates, &key)?;
            for name in [PREFIX, RUN] {
                let directory = place.join(name);
                make_private(&directory).map_err(Error::storage("making", &directory))?;
            }
            let file = place.join(RUN).join(LAUNCH_FILE);
            let text = serde_json::to_vec(&launch).map_err(std::io::Error::from);
            text.and_then(|text| write_whole(&file, &text)).map_err(Error::storage("writing", &file))
        })
        .await
    }

    async fn fill(&self, wish: &Wish, making: &Making, progress: impl Fn(f64)) -> Result<(), ApiError> {
        let once = once(wish, making);
        let run = self.podman.run_once(&once);
        tokio::pin!(run);
        let end = loop {
            tokio::select! {
                end = &mut run => break end?,
                () = tokio::time::sleep(LOOK_EVERY) => {
                    let (files, tool) = (making.place.join(PREFIX), wish.tool());
                    progress(blocking(move || Ok(share(&files, tool))).await?);
                }
            }
        };
        let place = making.place.join(RUN);
        let report = blocking(move || Ok(crate::windows::report(&place))).await?;
        let failed = |error: PodmanError| Err(ApiError::from(error));
        match report {
            Some(Report { error: Some(error), .. }) => failed(PodmanError::Failed { what: MAKE, message: error }),
            Some(_) if end.status == 0 => Ok(()),
            _ => failed(crate::podman::failed_run(MAKE, &end)),
        }
    }

    /// Whether Podman mounts overlays here that programs can write: tried, since nothing else tells.
    async fn layering(&self, wish: &Wish, making: &Making) -> Layering {
        // What such a program leaves in an upper directory is its own affair.
        if let Ok(Some(program)) = self.podman.mount_program().await {
            tracing::info!(program, "overlays are mounted by a program, prefixes are copies");
            return Layering::Copy;
        }
        let place = making.place.join(RUN);
        let (upper, work) = (place.join("upper"), place.join("work"));
        let written = upper.join("written");
        let directories = [upper.clone(), work.clone()];
        let made = blocking(move || {
            directories.iter().try_for_each(|path| make_private(path).map_err(Error::storage("making", path)))?;
            let [upper, _] = &directories;
            // Podman takes it away again when it is not wanted.
            tree::Mark::set_opaque(upper).map_err(Error::storage("marking", upper))
        });
        let lower = making.place.join(PREFIX);
        let once = Once {
            command: ["touch", "/prefix/written"].map(str::to_owned).into(),
            environment: Vec::new(),
            mounts: vec![Mount::Overlay { lower, upper, work, target: PREFIX_DIRECTORY }],
            ..once(wish, making)
        };
        let tried = match made.await {
            Ok(()) => self.podman.run_once(&once).await.map_err(ApiError::from),
            Err(error) => Err(error),
        };
        match tried {
            Ok(end) if end.status == 0 && written.exists() => Layering::Overlay,
            Ok(end) => {
                tracing::info!(status = end.status, said = end.said, "overlays cannot be written, prefixes are copies");
                Layering::Copy
            }
            Err(error) => {
                tracing::info!(%error, "overlays cannot be mounted, prefixes are copies");
                Layering::Copy
            }
        }
    }

    async fn keep(&self, making: &Making, key: &str, record: TemplateRecord) -> Result<Template, ApiError> {
        let (place, templates) = (making.place.clone(), self.store.templates.clone());
        let directory = templates.join(key);
        blocking(move || {
            put_away(&place.join(RUN), &templates)?;
            write(&place.join(RECORD), &record)?;
            std::fs::rename(&place, &directory).map_err(Error::storage("making", &directory))
        })
        .await?;
        self.store.template(key).ok_or_else(|| Error::NoTemplate(key.to_owned()).into())
    }
}

/// What the errors call it.
const MAKE: &str = "make the template of prefixes";

/// A template that is being made. What is there of it goes with this, and only then the next one's turn comes.
#[derive(Debug)]
struct Making {
    podman: Arc<Podman>,
    container: String,
    place: PathBuf,
    turn: Option<OwnedMutexGuard<()>>,
    done: bool,
}

impl Drop for Making {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let (podman, container, place, turn) =
            (Arc::clone(&self.podman), self.container.clone(), self.place.clone(), self.turn.take());
        tokio::spawn(async move {
            let removed = podman.remove_container(&container).await.map_err(ApiError::from);
            let gone = blocking(move || tree::remove(&place).map_err(Error::storage("removing", &place))).await;
            if let Err(error) = removed.and(gone) {
                tracing::warn!(container, %error, "what there is of a template stays behind");
            }
            drop(turn);
        });
    }
}

/// Name of the container that makes the template with this key. A build's name may have what Podman does not take.
fn container(key: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    format!("dillinger-template-{}", key.chars().map(plain).collect::<String>())
}

fn once(wish: &Wish, making: &Making) -> Once {
    let bind = |source: PathBuf, target, read_only| Mount::Bind { source, target, read_only };
    let build = wish.build.as_ref().map(|build| bind(build.path.clone(), BUILD_DIRECTORY, true));
    let own = [
        bind(making.place.join(PREFIX), PREFIX_DIRECTORY, false),
        bind(making.place.join(RUN), DIRECTORY, false),
        Mount::Tmpfs(HOME_TARGET),
        Mount::Tmpfs("/tmp"),
    ];
    Once {
        name: making.container.clone(),
        image: wish.image.id.clone(),
        command: [SUPERVISOR, "run", &format!("{DIRECTORY}/{LAUNCH_FILE}")].map(str::to_owned).into(),
        environment: environment(wish.tool()),
        passwd_entry: format!("{WINDOWS_USER}:*:$UID:$GID::{HOME_TARGET}:/bin/sh"),
        mounts: own.into_iter().chain(build).collect(),
    }
}

/// As in a session; see proton(1) of the builds for theirs.
fn environment(tool: Tool) -> Vec<(&'static str, &'static str)> {
    let own = match tool {
        Tool::Wine => vec![("WINEPREFIX", PREFIX_DIRECTORY)],
        Tool::Proton => vec![
            ("STEAM_COMPAT_DATA_PATH", PREFIX_DIRECTORY),
            ("STEAM_COMPAT_CLIENT_INSTALL_PATH", HOME_TARGET),
            ("STEAM_COMPAT_TOOL_PATHS", BUILD_DIRECTORY),
            ("SteamAppId", "0"),
            ("SteamGameId", "0"),
        ],
    };
    let all = [
        ("HOME", HOME_TARGET),
        ("LANG", "C.UTF-8"),
        ("WINEDEBUG", "fixme-all"),
        ("WINEDLLOVERRIDES", "winemenubuilder.exe="),
    ];
    own.into_iter().chain(all).collect()
}

/// How much of a prefix there is, as far as its files tell: nobody knows how many there will be. A build of the host writes
/// them, so no link is followed.
fn share(files: &Path, tool: Tool) -> f64 {
    let windows = wine_prefix(Path::new(""), tool).join("drive_c/windows");
    let count = |name: &str| {
        let inside = windows.join(name);
        let read = || std::fs::read_dir(files.join(&inside)).ok();
        is_there(files, &inside).unwrap_or(false).then(read).flatten().map_or(0, Iterator::count)
    };
    let files = ["system32", "syswow64"].map(count).into_iter().sum::<usize>();
    let files = f64::from(u32::try_from(files).unwrap_or(u32::MAX));
    files / (files + HALF)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> StoreResult<T> + Send + 'static) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| ApiError::StorageFailed(error.to_string()))?.map_err(ApiError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_link_is_nothing() {
        let place = tempfile::tempdir().unwrap();
        let (wine, proton) = (place.path().join("a"), place.path().join("b"));
        std::fs::create_dir_all(wine.join("drive_c/windows/system32")).unwrap();
        std::fs::write(wine.join("drive_c/windows/system32/kernel32.dll"), "").unwrap();
        let some = share(&wine, Tool::Wine);
        assert!(some > 0.0 && some < 0.01, "{some}");
        std::fs::create_dir(&proton).unwrap();
        std::os::unix::fs::symlink(&wine, proton.join("pfx")).unwrap();
        assert!(share(&proton, Tool::Proton) < f64::EPSILON);
    }
}
