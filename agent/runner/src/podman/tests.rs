pub(crate) mod fake;
mod template;

use super::*;
use crate::config::PullPolicy;
use crate::prefix::{Locks, Maker, Store};
use fake::{Answer, FakePodman, user_manager};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const IMAGE: &str = "localhost/dillinger/base:latest";
const PING: &str = "GET libpod/_ping";
const IMAGE_GET: &str = "GET libpod/images/localhost/dillinger/base:latest/json";
const IMAGE_JSON: &str = r#"{"Id":"0123456789abcdef","Size":2048}"#;
const CREATE: &str = "POST libpod/containers/create";
const CREATED: &str = r#"{"Id":"abc","Warnings":[]}"#;
const REMOVE: &str = "DELETE libpod/containers/dillinger-prewarm-0123456789ab?force=true";
const REMOTE: &str = "r.example/a:1";
const REMOTE_GET: &str = "GET libpod/images/r.example/a:1/json";
const PULL: &str = "POST libpod/images/pull?compatMode=true&policy=always&reference=r.example/a:1";

fn client(fake: &FakePodman) -> Arc<Podman> {
    Podman::new(fake.runtime.path(), None)
}

fn info_json(graph_root: &Path) -> String {
    format!(
        r#"{{"host":{{"cgroupVersion":"v2","idMappings":{{"uidmap":[{{"container_id":0,"host_id":1000,"size":1}},{{"container_id":1,"host_id":100000,"size":65536}}],"gidmap":[{{"container_id":0,"host_id":1000,"size":65537}}]}},"security":{{"rootless":true}}}},"store":{{"graphDriverName":"overlay","graphRoot":"{}","graphOptions":{{"overlay.mount_program":{{"Executable":"/usr/bin/fuse-overlayfs","Version":"1"}}}}}},"version":{{"Version":"5.4.2"}}}}"#,
        graph_root.display()
    )
}

/// A job that prepares an image.
fn start(fake: &FakePodman, image: &str) -> PrepareImage {
    let podman = client(fake);
    let maker = Maker::new(Store::new(fake.runtime.path(), Locks::default()), Arc::clone(&podman));
    PrepareImage::start(podman, maker, Task { image: image.to_owned(), policy: PullPolicy::Missing, build: None })
}

async fn ended(mut status: watch::Receiver<JobStatus>) -> JobStatus {
    let ended = status.wait_for(|status| status.state != JobState::Running);
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap().clone()
}

#[tokio::test]
async fn questions_get_their_answers() {
    let fake = FakePodman::listening();
    fake.json(IMAGE_GET, 200, IMAGE_JSON).json("GET libpod/info", 200, &info_json(Path::new("/graph"))).json(
        "GET libpod/volumes/games/json",
        200,
        r#"{"Name":"games","Driver":"local","Mountpoint":"/v/_data","Scope":"local"}"#,
    );
    let podman = client(&fake);
    let image = podman.image(IMAGE).await.unwrap().unwrap();
    assert_eq!((image.id.as_str(), image.size), ("0123456789abcdef", 2048));
    assert_eq!(podman.image("absent").await, Ok(None));
    assert_eq!(podman.volume_mountpoint("games").await, Ok(Some("/v/_data".into())));
    assert_eq!(podman.volume_mountpoint("absent").await, Ok(None));
    let info = podman.info().await.unwrap();
    assert_eq!((info.version.as_str(), info.driver.as_str(), info.rootless), ("5.4.2", "overlay", true));
    assert_eq!((info.uids, info.gids, info.cgroup_version.as_str()), (65537, 65537, "v2"));
    assert_eq!(info.mount_program.as_deref(), Some("/usr/bin/fuse-overlayfs"));
}

#[tokio::test]
async fn a_name_that_could_reach_another_resource_is_not_sent() {
    let fake = FakePodman::listening();
    let podman = client(&fake);
    for name in ["../../containers/x", "a?force=true", "", "a b", "ä"] {
        assert!(matches!(podman.image(name).await, Err(PodmanError::InvalidName { .. })), "{name}");
        assert!(matches!(podman.volume_mountpoint(name).await, Err(PodmanError::InvalidName { .. })), "{name}");
    }
    assert_eq!(fake.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn podmans_own_words_reach_the_caller() {
    let fake = FakePodman::listening();
    fake.json(IMAGE_GET, 500, r#"{"cause":"disk on fire","message":"reading image","response":500}"#);
    let error = client(&fake).image(IMAGE).await.unwrap_err().to_string();
    assert!(error.contains("inspect the image") && error.contains("disk on fire"), "{error}");
}

#[tokio::test]
async fn without_a_socket_its_unit_is_started() {
    let fake = FakePodman::new();
    fake.json(IMAGE_GET, 200, IMAGE_JSON);
    let manager = user_manager("done", fake.starter()).await;
    let podman = Podman::new(fake.runtime.path(), Some(manager.systemd.clone()));
    assert!(podman.image(IMAGE).await.unwrap().is_some());
}

#[tokio::test]
async fn a_socket_that_does_not_start_is_podman_failed() {
    let fake = FakePodman::new();
    let manager = user_manager("failed", || ()).await;
    let error = Podman::new(fake.runtime.path(), Some(manager.systemd.clone())).image(IMAGE).await.unwrap_err();
    assert!(error.to_string().contains("podman.socket cannot be started"), "{error}");
    assert_eq!(dillinger_runner_api::Error::from(error).short_name(), "PodmanFailed");
    let error = client(&fake).image(IMAGE).await.unwrap_err();
    assert!(matches!(error, PodmanError::Unavailable(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_podman_that_starts_is_waited_for() {
    let starting = |takes| {
        let fake = FakePodman::starting(takes);
        fake.json(IMAGE_GET, 200, IMAGE_JSON).json(CREATE, 201, CREATED).json(REMOVE, 200, "[]");
        fake
    };
    for takes in [25, 80].map(Duration::from_secs) {
        assert_eq!(client(&starting(takes)).awake().await, Ok(()), "any answer will do");
        let cold = starting(takes);
        let cache = PodmanCache::new(client(&cold));
        let (image, volume) = tokio::join!(cache.image(IMAGE), cache.volume_mountpoint("absent"));
        assert!(matches!((&image, &volume), (Ok(Some(_)), Ok(None))), "{takes:?}: {image:?} {volume:?}");
        let cold = starting(takes);
        let mut status = start(&cold, IMAGE).status();
        let ended = status.wait_for(|status| status.state != JobState::Running).await.unwrap();
        assert_eq!((ended.state, &ended.error), (JobState::Done, &None), "{takes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_wait_at_once_for_a_podman_that_does_not_start() {
    let fake = FakePodman::starting(Duration::from_secs(100_000));
    let cache = PodmanCache::new(client(&fake));
    let begun = tokio::time::Instant::now();
    for answer in futures_util::future::join_all((0..20).map(|_| cache.image(IMAGE))).await {
        assert_eq!(answer, Err(PodmanError::Silent { after: Duration::from_secs(90) }));
    }
    assert_eq!(begun.elapsed().as_secs(), 90);
}

/// A store with an index, and what Podman says of an image in it.
fn store(fake: &FakePodman) -> (PathBuf, String) {
    let root = fake.runtime.path().join("storage");
    let index = root.join("overlay-images/images.json");
    fs::create_dir_all(index.parent().unwrap()).unwrap();
    fs::write(&index, "[]").unwrap();
    let layer = root.join("overlay/0123/diff");
    let body = format!(
        r#"{{"Id":"0123456789abcdef","Size":2048,"GraphDriver":{{"Name":"overlay","Data":{{"UpperDir":"{}"}}}}}}"#,
        layer.display()
    );
    (index, body)
}

#[tokio::test]
async fn answers_hold_until_the_storage_changes() {
    let fake = FakePodman::listening();
    let (index, body) = store(&fake);
    fake.json(IMAGE_GET, 200, &body);
    let cache = PodmanCache::new(client(&fake));
    for _ in 0..3 {
        assert_eq!(cache.image(IMAGE).await.unwrap().unwrap().index.as_ref(), Some(&index));
    }
    assert_eq!(fake.count(IMAGE_GET), 2, "once for the place of the index, once for an answer to keep");
    let replacement = index.with_extension("new");
    fs::write(&replacement, "[1]").unwrap();
    fs::rename(&replacement, &index).unwrap();
    assert!(cache.image(IMAGE).await.unwrap().is_some());
    assert!(cache.image(IMAGE).await.unwrap().is_some());
    assert_eq!(fake.count(IMAGE_GET), 4);
    fs::remove_file(&index).unwrap();
    assert!(cache.image(IMAGE).await.unwrap().is_some());
    assert!(cache.image(IMAGE).await.unwrap().is_some());
    assert_eq!(fake.count(IMAGE_GET), 6);
}

#[tokio::test]
async fn an_image_removed_between_the_questions_is_missing() {
    let fake = FakePodman::listening();
    let (_, body) = store(&fake);
    fake.json(IMAGE_GET, 200, &body).json(IMAGE_GET, 404, "{}");
    let cache = PodmanCache::new(client(&fake));
    assert_eq!(cache.image(IMAGE).await, Ok(None));
    assert_eq!(cache.image(IMAGE).await, Ok(None));
}

#[tokio::test]
async fn a_missing_image_is_asked_for_each_time() {
    let fake = FakePodman::listening();
    let cache = PodmanCache::new(client(&fake));
    assert_eq!(cache.image(IMAGE).await, Ok(None));
    fake.json(IMAGE_GET, 200, IMAGE_JSON);
    assert!(cache.image(IMAGE).await.unwrap().is_some());
}

#[tokio::test]
async fn many_at_once_ask_once() {
    let fake = FakePodman::listening();
    let (_, body) = store(&fake);
    fake.json(IMAGE_GET, 200, &body);
    let cache = Arc::new(PodmanCache::new(client(&fake)));
    let asked = (0..20).map(|_| cache.image(IMAGE));
    for answer in futures_util::future::join_all(asked).await {
        assert!(answer.unwrap().is_some());
    }
    assert_eq!(fake.count(IMAGE_GET), 2);
}

#[tokio::test]
async fn a_volume_holds_while_its_directory_stands() {
    let fake = FakePodman::listening();
    let mountpoint = fake.runtime.path().join("games");
    fs::create_dir(&mountpoint).unwrap();
    let body =
        format!(r#"{{"Name":"games","Driver":"local","Mountpoint":"{}","Scope":"local"}}"#, mountpoint.display());
    fake.json("GET libpod/volumes/games/json", 200, &body);
    let cache = PodmanCache::new(client(&fake));
    assert_eq!(cache.volume_mountpoint("games").await, Ok(Some(mountpoint.clone())));
    fs::write(mountpoint.join("game"), "").unwrap();
    assert_eq!(cache.volume_mountpoint("games").await, Ok(Some(mountpoint.clone())));
    assert_eq!(fake.count("GET libpod/volumes/games/json"), 1);
    fs::rename(&mountpoint, fake.runtime.path().join("gone")).unwrap();
    cache.volume_mountpoint("games").await.unwrap();
    assert_eq!(fake.count("GET libpod/volumes/games/json"), 2);
}

#[tokio::test]
async fn an_image_that_is_there_is_only_prewarmed() {
    let fake = FakePodman::listening();
    fake.json(IMAGE_GET, 200, IMAGE_JSON).json(CREATE, 201, CREATED).json(REMOVE, 200, "[]");
    let job = start(&fake, IMAGE);
    let status = ended(job.status()).await;
    assert_eq!((status.state, status.phase, status.error), (JobState::Done, Phase::Finished, None));
    assert!((status.progress - 1.0).abs() < 1e-9);
    assert_eq!(fake.requests(), [PING, IMAGE_GET, REMOVE, CREATE, REMOVE]);
}

#[tokio::test]
async fn a_pull_reports_bytes_and_can_be_followed() {
    let fake = FakePodman::listening();
    let (lines, stream) = mpsc::channel(1);
    fake.on(REMOTE_GET, Answer::Json(404, "{}".to_owned())).json(REMOTE_GET, 200, IMAGE_JSON);
    fake.on(PULL, Answer::Stream(stream)).json(CREATE, 201, CREATED).json(REMOVE, 200, "[]");
    let job = start(&fake, REMOTE);
    let mut status = job.status();
    // The line arrives in two pieces, as it may on a socket.
    lines.send(r#"{"status":"Downloading","progressDetail":{"cur"#.to_owned()).await.unwrap();
    lines.send("rent\":50,\"total\":100},\"id\":\"a\"}\n".to_owned()).await.unwrap();
    let half = status.wait_for(|status| status.bytes_done == 50).await.unwrap().clone();
    assert_eq!((half.state, half.phase, half.bytes_total), (JobState::Running, Phase::Pulling, 100));
    assert!((half.progress - 0.4).abs() < 1e-9);
    lines.send("{\"status\":\"Download complete\",\"id\":\"a\"}\n".to_owned()).await.unwrap();
    drop(lines);
    let done = ended(status).await;
    assert_eq!((done.state, done.bytes_done, done.error), (JobState::Done, 100, None));
}

#[tokio::test]
async fn a_failed_pull_says_why() {
    for (answer, expected) in [
        (
            Answer::Json(500, r#"{"code":0,"message":"reading manifest 1: manifest unknown"}"#.to_owned()),
            "ImageMissing",
        ),
        (Answer::Json(500, r#"{"message":"requested access to the resource is denied"}"#.to_owned()), "ImageMissing"),
        (
            Answer::Json(500, r#"{"cause":"disk full","message":"writing blob","response":500}"#.to_owned()),
            "PodmanFailed",
        ),
        (
            Answer::Json(200, r#"{"status":"Downloading","id":"a"}"#.to_owned() + "\n{\"error\":\"no such host\"}"),
            "ImageMissing",
        ),
        (Answer::Json(502, "<html>".to_owned()), "PodmanFailed"),
    ] {
        let fake = FakePodman::listening();
        fake.on(PULL, answer);
        let job = start(&fake, REMOTE);
        let status = ended(job.status()).await;
        assert_eq!((status.state, status.phase), (JobState::Failed, Phase::Pulling));
        let error = status.error.unwrap();
        assert_eq!(error.short_name(), expected, "{error}");
    }
}

#[tokio::test]
async fn a_pull_without_an_image_in_the_end_failed() {
    let fake = FakePodman::listening();
    fake.json(PULL, 200, "");
    let job = start(&fake, REMOTE);
    let error = ended(job.status()).await.error.unwrap().to_string();
    assert!(error.contains("missing after the pull"), "{error}");
}

#[tokio::test]
async fn a_cancel_closes_the_connection() {
    let fake = FakePodman::listening();
    let (lines, stream) = mpsc::channel(1);
    fake.on(PULL, Answer::Stream(stream));
    let job = start(&fake, REMOTE);
    let mut status = job.status();
    let line = "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":1,\"total\":9},\"id\":\"a\"}\n";
    lines.send(line.to_owned()).await.unwrap();
    status.wait_for(|status| status.bytes_done == 1).await.unwrap();
    job.cancel();
    job.cancel();
    let status = ended(status).await;
    assert_eq!((status.state, status.phase, status.error), (JobState::Canceled, Phase::Pulling, None));
    // The service notices when it cannot write any more.
    let gone = async { while lines.send("{}\n".to_owned()).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(20), gone).await.unwrap();
}

#[tokio::test]
async fn a_dropped_handle_does_not_stop_the_job() {
    let fake = FakePodman::listening();
    fake.json(IMAGE_GET, 200, IMAGE_JSON).json(CREATE, 201, CREATED).json(REMOVE, 200, "[]");
    let job = start(&fake, IMAGE);
    let status = job.status();
    drop(job);
    assert_eq!(ended(status).await.state, JobState::Done);
}
