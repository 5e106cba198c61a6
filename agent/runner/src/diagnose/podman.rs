//! Podman's version and its Quadlet generator.

use super::finding::{Finding, Subject};
use dillinger_runner_core::host::{PODMAN_FLOOR, PodmanVersion};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::process::Command;

pub(super) const VERSION: Subject = Subject {
    id: "podman-version",
    why: "older versions of Podman do not know the keys that a session's Quadlet needs, and then make no unit at all",
};
pub(super) const GENERATOR: Subject = Subject {
    id: "quadlet-generator",
    why: "Podman's own generator turns a session's Quadlet into the unit that systemd runs",
};

/// Where distributions install it, below the root. The first is where systemd
/// looks; the others are what that one links to.
const PLACES: [&str; 5] = [
    "usr/lib/systemd/user-generators/podman-user-generator",
    "usr/local/lib/systemd/user-generators/podman-user-generator",
    "usr/libexec/podman/quadlet",
    "usr/lib/podman/quadlet",
    "usr/local/libexec/podman/quadlet",
];
/// A generator that takes longer to say its version hangs.
const DEADLINE: Duration = Duration::from_secs(10);
const INSTALL: &str = "install Podman 5.3 or newer from the distribution, for example: sudo apt install podman";

/// The generator of a host, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundGenerator {
    /// Its path.
    pub program: PathBuf,
    /// Podman's version.
    pub version: PodmanVersion,
}

/// Finds Podman's generator and asks it for its version, once per installed
/// file: an upgrade of Podman is noticed by the file's inode and time.
#[derive(Debug)]
pub struct GeneratorProbe {
    root: PathBuf,
    override_path: Option<PathBuf>,
    known: Mutex<Option<(FileId, FoundGenerator)>>,
}

/// Why there is no generator to use, in words for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// It is missing, or is none.
    #[error("{0}")]
    Wrong(String),
    /// It says nothing, as on a host that is too busy to start it.
    #[error("{0}")]
    Silent(String),
}

type FileId = (PathBuf, u64, u64, i64, i64);

impl GeneratorProbe {
    /// Searches below `root`, which is `/` on a real host; `override_path`
    /// (`$QUADLET`) is taken instead of a search.
    pub fn new(root: &Path, override_path: Option<PathBuf>) -> Self {
        Self { root: root.to_owned(), override_path, known: Mutex::new(None) }
    }

    /// Where the generator is.
    pub fn path(&self) -> Option<PathBuf> {
        let places = PLACES.iter().map(|place| self.root.join(place));
        let candidates: Vec<PathBuf> = match &self.override_path {
            Some(path) => vec![path.clone()],
            None => places.collect(),
        };
        candidates.into_iter().find(|path| is_executable(path))
    }

    /// The generator and its version.
    ///
    /// # Errors
    /// It is missing or does not run, in words for people.
    pub async fn find(&self) -> Result<FoundGenerator, String> {
        self.look().await.map_err(|unusable| unusable.to_string())
    }

    pub(super) async fn look(&self) -> Result<FoundGenerator, Unusable> {
        let missing =
            || format!("Podman's Quadlet generator is not installed, Podman {PODMAN_FLOOR} or newer is needed");
        let program = self.path().ok_or_else(|| Unusable::Wrong(missing()))?;
        let id = file_id(&program).map_err(|error| Unusable::Wrong(format!("{}: {error}", program.display())))?;
        if let Some((known, found)) = &*self.known.lock().unwrap_or_else(PoisonError::into_inner)
            && *known == id
        {
            return Ok(found.clone());
        }
        let version = version(&program).await?;
        let found = FoundGenerator { program, version };
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((id, found.clone()));
        Ok(found)
    }
}

fn is_executable(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn file_id(path: &Path) -> std::io::Result<FileId> {
    let metadata = std::fs::metadata(path)?;
    Ok((path.to_owned(), metadata.dev(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec()))
}

async fn version(program: &Path) -> Result<PodmanVersion, Unusable> {
    let asked = Command::new(program).arg("-version").stdin(Stdio::null()).kill_on_drop(true).output();
    let shown = program.display();
    let output = match tokio::time::timeout(DEADLINE, asked).await {
        Err(_) => {
            let text = format!("{shown} did not say its version within {} s", DEADLINE.as_secs());
            return Err(Unusable::Silent(text));
        }
        Ok(Err(error)) => return Err(Unusable::Wrong(format!("{shown} does not run: {error}"))),
        Ok(Ok(output)) => output,
    };
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let nonsense = |error| format!("{shown} says {:?}: {error}", text.chars().take(80).collect::<String>());
    text.parse().map_err(|error| Unusable::Wrong(nonsense(error)))
}

/// The finding on Podman's version.
pub(super) fn judge_version(found: &Result<FoundGenerator, Unusable>) -> Finding {
    match found {
        Ok(FoundGenerator { version, .. }) => match refusal(*version) {
            None => VERSION.ok(format!("Podman {version}")),
            Some(refusal) => VERSION.error(refusal, INSTALL),
        },
        Err(unusable) => judge_unusable(VERSION, unusable),
    }
}

/// The finding on the generator.
pub(super) fn judge_generator(found: &Result<FoundGenerator, Unusable>) -> Finding {
    match found {
        Ok(FoundGenerator { program, version }) => GENERATOR.ok(format!("{} of Podman {version}", program.display())),
        Err(unusable) => judge_unusable(GENERATOR, unusable),
    }
}

fn judge_unusable(subject: Subject, unusable: &Unusable) -> Finding {
    match unusable {
        Unusable::Wrong(reason) => subject.error(reason, INSTALL),
        Unusable::Silent(reason) => subject.unknown(reason),
    }
}

/// Why sessions are refused with this version of Podman; `None` if they are
/// not.
pub fn refusal(version: PodmanVersion) -> Option<String> {
    (version < PODMAN_FLOOR).then(|| format!("Podman {version} is too old, {PODMAN_FLOOR} or newer is needed"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Status;
    use super::*;
    use std::fs;

    fn install(root: &Path, place: &str, script: &str) -> PathBuf {
        let path = root.join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Written by another process, under another name: a file that this one has
        // open for writing while a thread starts a program is busy.
        let (text, draft) = (path.with_extension("text"), path.with_extension("draft"));
        fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
        assert!(std::process::Command::new("cp").arg(text).arg(&draft).status().unwrap().success());
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(draft, &path).unwrap();
        path
    }

    #[test]
    fn versions_are_judged_by_the_floor() {
        let found = |version: &str| Ok(FoundGenerator { program: "/q".into(), version: version.parse().unwrap() });
        for (found, status, summary) in [
            (found("5.4.2"), Status::Ok, "Podman 5.4.2"),
            (found("5.3.0"), Status::Ok, "Podman 5.3.0"),
            (found("5.2.9"), Status::Error, "Podman 5.2.9 is too old, 5.3.0 or newer is needed"),
            (found("4.3.1"), Status::Error, "Podman 4.3.1 is too old, 5.3.0 or newer is needed"),
            (Err(Unusable::Wrong("it is not installed".to_owned())), Status::Error, "it is not installed"),
        ] {
            let finding = judge_version(&found);
            assert_eq!((finding.status, finding.summary.as_str()), (status, summary));
            assert_eq!(finding.remedy.is_empty(), status == Status::Ok);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_generator_that_says_nothing_is_not_a_missing_one() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), PLACES[0], "exec sleep 1000");
        let found = GeneratorProbe::new(root.path(), None).look().await;
        for finding in [judge_version(&found), judge_generator(&found)] {
            assert_eq!((finding.status, finding.remedy.as_str()), (Status::Unknown, ""), "{finding:?}");
            assert!(finding.summary.contains("did not say its version within 10 s"), "{finding:?}");
        }
    }

    #[tokio::test]
    async fn the_first_place_counts_and_an_upgrade_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let probe = GeneratorProbe::new(root.path(), None);
        assert!(probe.find().await.unwrap_err().contains("not installed"));
        let libexec = install(root.path(), PLACES[2], "echo 5.4.2");
        assert_eq!(probe.find().await.unwrap().program, libexec);
        let linked = install(root.path(), PLACES[0], "echo 5.8.6");
        let found = probe.find().await.unwrap();
        assert_eq!((found.program.clone(), found.version.to_string().as_str()), (linked, "5.8.6"));
        assert_eq!(judge_generator(&Ok(found)).status, Status::Ok);
        install(root.path(), PLACES[0], "echo 6.0.0");
        assert_eq!(probe.find().await.unwrap().version.to_string(), "6.0.0");
    }

    #[tokio::test]
    async fn the_version_is_asked_once() {
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("log");
        install(root.path(), PLACES[0], &format!("echo x >> {}; echo 5.4.2", log.display()));
        let probe = GeneratorProbe::new(root.path(), None);
        for _ in 0..3 {
            probe.find().await.unwrap();
        }
        assert_eq!(fs::read_to_string(log).unwrap(), "x\n");
    }

    #[tokio::test]
    async fn nonsense_is_told() {
        let root = tempfile::tempdir().unwrap();
        let path = install(root.path(), "mine", "echo hello");
        let probe = GeneratorProbe::new(root.path(), Some(path));
        assert!(probe.find().await.unwrap_err().contains("says \"hello\""));
        let probe = GeneratorProbe::new(root.path(), Some(root.path().join("absent")));
        assert!(probe.find().await.is_err());
    }
}
