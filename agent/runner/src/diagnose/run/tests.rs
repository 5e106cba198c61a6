use super::super::finding::Status;
use super::*;
use crate::podman::tests::fake::{Answer, FakePodman, UserManager, user_manager};
use dillinger_runner_core::policy::DISPLAY_INTERFACE;
use std::collections::BTreeSet;
use tokio::sync::mpsc;

/// The findings that need Podman's service, in their order.
const OF_PODMAN: [&str; 5] = ["storage-driver", "default-image", "default-image-prewarmed", "display-image", "library"];
const INFO: &str = "GET libpod/info";
const IMAGE: &str = "GET libpod/images/localhost/dillinger/base:latest/json";
const DISPLAY: &str = "GET libpod/images/localhost/dillinger/display:latest/json";
const LIBRARY: &str = "GET libpod/volumes/dillinger_library/json";

fn diagnosis(root: &Path, podman: Arc<Podman>, manager: UserManager) -> (Diagnosis, impl Sized) {
    let UserManager { systemd, client, server } = manager;
    let diagnosis = Diagnosis {
        root: root.to_owned(),
        user: User { uid: 1000, name: "player".to_owned(), groups: Vec::new() },
        runtime_dir: None,
        generator: Arc::new(podman::GeneratorProbe::new(root, None)),
        podman,
        systemd,
        bus: client,
        settings: Arc::default(),
        problems: Vec::new(),
    };
    (diagnosis, server)
}

#[tokio::test]
async fn a_host_with_nothing_gets_every_finding() {
    let root = tempfile::tempdir().unwrap();
    let manager = user_manager("failed", || ()).await;
    let podman = Podman::new(root.path(), Some(manager.systemd.clone()));
    let (diagnosis, _server) = diagnosis(root.path(), podman, manager);
    let findings = diagnosis.run().await;
    let ids: BTreeSet<_> = findings.iter().map(|finding| finding.subject.id).collect();
    assert_eq!((findings.len(), ids.len()), (20, 20), "{findings:#?}");
    let ok: Vec<_> = findings.iter().filter(|f| f.status == Status::Ok).map(|f| f.subject.id).collect();
    assert_eq!(ok, ["user-manager", "settings"], "{findings:#?}");
    for finding in findings.iter().filter(|finding| finding.status == Status::Error) {
        assert!(!finding.remedy.is_empty() && !finding.summary.contains('\n'), "{finding:?}");
    }
}

/// A service that knows everything a diagnosis asks for.
fn answers(fake: &FakePodman) {
    let root = fake.runtime.path().join("storage");
    let (index, layer) = (root.join("overlay-images/images.json"), root.join("overlay/0123/diff"));
    std::fs::create_dir_all(index.parent().unwrap()).unwrap();
    std::fs::write(&index, r#"[{"id":"0123456789abcdef","mapped-layers":["m"]}]"#).unwrap();
    let image = format!(
        r#"{{"Id":"0123456789abcdef","Size":2048,"Labels":{{"org.dillinger.display":"{DISPLAY_INTERFACE}"}},
            "GraphDriver":{{"Name":"overlay","Data":{{"UpperDir":"{}"}}}}}}"#,
        layer.display()
    );
    let library = format!(
        r#"{{"Name":"dillinger_library","Driver":"local","Mountpoint":"{}","Scope":"local"}}"#,
        fake.runtime.path().display()
    );
    fake.json(INFO, 200, r#"{"store":{"graphDriverName":"overlay"},"version":{"Version":"5.4.2"}}"#);
    fake.json(IMAGE, 200, &image).json(DISPLAY, 200, &image).json(LIBRARY, 200, &library);
}

/// What a diagnosis finds with this service: id, status and summary of the findings that need it.
async fn found(fake: &FakePodman) -> Vec<(&'static str, Status, String)> {
    let root = tempfile::tempdir().unwrap();
    let manager = user_manager("done", || ()).await;
    let podman = Podman::new(fake.runtime.path(), Some(manager.systemd.clone()));
    let (diagnosis, _server) = diagnosis(root.path(), podman, manager);
    let findings = diagnosis.run().await.into_iter();
    let found = findings.map(|finding| (finding.subject.id, finding.status, finding.summary));
    let found: Vec<_> = found.filter(|(id, ..)| OF_PODMAN.contains(id)).collect();
    assert_eq!(found.iter().map(|(id, ..)| *id).collect::<Vec<_>>(), OF_PODMAN, "the order is part of the contract");
    found
}

#[tokio::test(start_paused = true)]
async fn a_podman_that_starts_is_waited_for() {
    for takes in [0, 25, 80].map(Duration::from_secs) {
        let fake = FakePodman::starting(takes);
        answers(&fake);
        let found = found(&fake).await;
        assert!(found.iter().all(|(_, status, _)| *status == Status::Ok), "{takes:?}: {found:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_podman_that_does_not_start_is_waited_for_once() {
    let fake = FakePodman::starting(Duration::from_secs(100_000));
    let begun = tokio::time::Instant::now();
    for (id, status, summary) in found(&fake).await {
        assert_eq!(status, Status::Unknown, "{id}: {summary}");
        assert!(summary.contains("podman did not answer within 90 s"), "{id}: {summary}");
    }
    assert_eq!(begun.elapsed().as_secs(), 90);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_hangs_is_one_unknown_finding() {
    for (request, id, what) in [
        (INFO, "storage-driver", "describe itself"),
        (DISPLAY, "display-image", "inspect the image"),
        (LIBRARY, "library", "inspect the volume"),
    ] {
        let fake = FakePodman::starting(Duration::from_secs(25));
        let (_open, never) = mpsc::channel(1);
        fake.on(request, Answer::Later(never));
        answers(&fake);
        let found = found(&fake).await;
        let other: Vec<_> = found.iter().filter(|(_, status, _)| *status != Status::Ok).collect();
        assert!(matches!(other[..], [(found, Status::Unknown, _)] if *found == id), "{request}: {other:#?}");
        assert!(other[0].2.contains(&format!("podman gave no answer to {what} within 30 s")), "{other:?}");
    }
}

/// Only the image's own place tells whether there is a copy of it.
#[tokio::test(start_paused = true)]
async fn the_default_image_is_one_question_for_two_findings() {
    let fake = FakePodman::listening();
    let (_open, never) = mpsc::channel(1);
    fake.on(IMAGE, Answer::Later(never));
    answers(&fake);
    let unknown = found(&fake).await.into_iter().filter(|(_, status, _)| *status == Status::Unknown);
    let unknown: Vec<_> = unknown.map(|(id, _, summary)| (id, summary)).collect();
    let summary = "could not be found out: podman gave no answer to inspect the image within 30 s";
    assert_eq!(unknown, ["default-image", "default-image-prewarmed"].map(|id| (id, summary.to_owned())));
}

/// As on a host on which nothing has been built yet.
#[tokio::test(start_paused = true)]
async fn a_missing_default_image_is_two_warnings() {
    let fake = FakePodman::listening();
    fake.json(IMAGE, 404, r#"{"cause":"no such image","message":"no such image","response":404}"#);
    answers(&fake);
    let other = found(&fake).await.into_iter().filter(|(_, status, _)| *status != Status::Ok);
    let other: Vec<_> = other.map(|(id, status, _)| (id, status)).collect();
    assert_eq!(other, [("default-image", Status::Warning), ("default-image-prewarmed", Status::Warning)]);
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
