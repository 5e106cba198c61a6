//! Templates of Windows prefixes, made in containers that the test plays.

use super::fake::{Answer, FakePodman};
use super::{CREATE, CREATED, IMAGE, IMAGE_GET, ended, start};
use crate::podman::{JobState, JobStatus, Phase};
use crate::prefix::{Layering, Locks, Store};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const WINE_JSON: &str = r#"{"Id":"0123456789abcdef","Size":2048,"Labels":{"org.dillinger.runner":"wine"}}"#;
const CONTAINER: &str = "libpod/containers/dillinger-template-0123456789ab";
const LISTED: &str =
    "GET libpod/containers/json?all=true&filters=%7B%22name%22%3A%5B%22%5Edillinger-template-0123456789ab%24%22%5D%7D";
const INFO: &str = r#"{"version":{"Version":"5.4.2"},"host":{"cgroupVersion":"v2"}}"#;

/// A Podman with the image, in which a container runs until its channel is closed.
struct World {
    podman: FakePodman,
    runs: Vec<mpsc::Sender<String>>,
}

impl World {
    fn new(exit_status: i32) -> Self {
        let podman = FakePodman::listening();
        podman.json(IMAGE_GET, 200, WINE_JSON).json(CREATE, 201, CREATED).json("GET libpod/info", 200, INFO);
        podman.json("GET libpod/images/0123456789abcdef/json", 200, WINE_JSON);
        podman.json(&format!("POST {CONTAINER}/start"), 204, "");
        podman.json(LISTED, 200, &format!(r#"[{{"ExitCode":{exit_status}}}]"#));
        let runs = [(); 2].map(|()| {
            let (run, stream) = mpsc::channel(1);
            podman.on(&format!("POST {CONTAINER}/wait"), Answer::Later(stream));
            run
        });
        Self { podman, runs: runs.into() }
    }

    fn store(&self) -> Store {
        Store::new(self.podman.runtime.path(), Locks::default())
    }

    fn place(&self) -> PathBuf {
        self.podman.runtime.path().join("templates/.0123456789ab.part")
    }

    /// Waits until the container with this number, from 1, runs.
    async fn running(&self, number: usize) {
        let waits = format!("POST {CONTAINER}/wait");
        let runs = async {
            while self.podman.count(&waits) < number {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), runs).await;
        assert!(in_time.is_ok(), "{:#?}", self.podman.requests());
    }

    /// What the supervisor does in the first container, and then its end.
    fn supervise(&mut self, report: &str) {
        fs::create_dir_all(self.place().join("prefix/drive_c/users/player")).unwrap();
        fs::write(self.place().join("run/report.json"), report).unwrap();
        self.runs.remove(0);
    }

    async fn gone(&self) {
        let gone = async {
            while self.place().exists() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
    }
}

async fn phase(mut status: watch::Receiver<JobStatus>, phase: Phase) -> JobStatus {
    let reached = status.wait_for(|status| status.phase == phase);
    tokio::time::timeout(Duration::from_secs(20), reached).await.unwrap().unwrap().clone()
}

#[tokio::test]
async fn a_wine_image_gets_a_template() {
    let mut world = World::new(0);
    let job = start(&world.podman, IMAGE);
    assert!((phase(job.status(), Phase::Template).await.progress - 0.9).abs() < 1e-9);
    world.running(1).await;
    let launch: Value = serde_json::from_slice(&fs::read(world.place().join("run/launch.json")).unwrap()).unwrap();
    assert_eq!((&launch["tool"], &launch["program"]), (&"wine".into(), &Value::Null));
    world.supervise("{\"verbs\":[]}");
    world.running(2).await;
    fs::write(world.place().join("run/upper/written"), "").unwrap();
    world.runs.clear();
    let status = ended(job.status()).await;
    assert_eq!((status.state, status.phase, status.error), (JobState::Done, Phase::Finished, None));
    let template = world.store().template("0123456789ab").unwrap();
    assert_eq!((template.record.layering, template.record.image.as_str()), (Layering::Overlay, IMAGE));
    assert!(template.profile().unwrap().is_dir() && !world.place().exists());
    let made = world.podman.bodies(CREATE);
    let containers: Vec<Value> = made.iter().map(|body| serde_json::from_str(body).unwrap()).collect();
    // The first is the copy for keep-id.
    let [_, fill, probe] = containers.as_slice() else { panic!("{containers:#?}") };
    assert_eq!(fill["command"][1], "run");
    assert_eq!((&fill["userns"]["nsmode"], &fill["netns"]["nsmode"]), (&"keep-id".into(), &"none".into()));
    assert_eq!((&fill["read_only_filesystem"], &fill["env"]["WINEPREFIX"]), (&true.into(), &"/prefix".into()));
    assert_eq!(fill["passwd_entry"], "player:*:$UID:$GID::/saves:/bin/sh");
    assert_eq!(fill["mounts"][0]["destination"], "/prefix");
    assert_eq!(probe["overlay_volumes"][0]["destination"], "/prefix");
    // The next time there is nothing to make.
    let again = ended(start(&world.podman, IMAGE).status()).await;
    assert_eq!((again.state, world.podman.bodies(CREATE).len()), (JobState::Done, 4));
}

#[tokio::test]
async fn without_overlays_prefixes_are_copies() {
    let mut world = World::new(0);
    let job = start(&world.podman, IMAGE);
    world.running(1).await;
    world.supervise("{\"verbs\":[]}");
    world.running(2).await;
    world.runs.clear();
    assert_eq!(ended(job.status()).await.state, JobState::Done);
    assert_eq!(world.store().template("0123456789ab").unwrap().record.layering, Layering::Copy);
}

#[tokio::test]
async fn a_failed_template_says_why_and_leaves_nothing() {
    for (status, report, expected) in [
        (0, r#"{"error":"wineboot ended with 1","verbs":[]}"#, "wineboot ended with 1"),
        (127, "none", "the container ended with status 127"),
        (0, "none", "the container ended with status 0"),
    ] {
        let mut world = World::new(status);
        let job = start(&world.podman, IMAGE);
        world.running(1).await;
        world.supervise(report);
        let status = ended(job.status()).await;
        assert_eq!((status.state, status.phase), (JobState::Failed, Phase::Template));
        let error = status.error.unwrap();
        assert!(error.short_name() == "PodmanFailed" && error.message().contains(expected), "{error}");
        world.gone().await;
        assert!(world.store().template("0123456789ab").is_none());
    }
}

#[tokio::test]
async fn a_canceled_template_leaves_nothing() {
    let world = World::new(0);
    let job = start(&world.podman, IMAGE);
    world.running(1).await;
    assert!(world.place().exists());
    let removals =
        || world.podman.requests().iter().filter(|one| one.starts_with(&format!("DELETE {CONTAINER}"))).count();
    let before = removals();
    job.cancel();
    assert_eq!(ended(job.status()).await.state, JobState::Canceled);
    world.gone().await;
    assert!(removals() > before, "{:?}", world.podman.requests());
}
