//! The property `Capabilities`: what this host and this version can do.

use crate::builds::Build;
use crate::diagnose::{self, User};
use crate::session::Context;
use dillinger_runner_core::wine::Tool;
use std::collections::HashMap;
use zbus::Variant;

/// Controllers that a limit of the contract needs.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

pub(super) async fn capabilities(context: &Context) -> HashMap<String, Variant<'static>> {
    let root = context.paths.root.as_path();
    let words = |words: &[&str]| Variant::from(words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>());
    let delegated = context.host.controllers();
    let missing: Vec<&str> = CONTROLLERS.into_iter().filter(|one| !delegated.iter().any(|has| has == one)).collect();
    let list = context.host.builds().clone();
    let builds = tokio::task::spawn_blocking(move || list.list()).await.unwrap_or_default();
    let proton = builds.iter().any(|build| build.tool == Tool::Proton && build.unsupported.is_none());
    let runners: &[&str] = if proton { &["native", "wine", "proton"] } else { &["native", "wine"] };
    let podman = context.host.podman_version().await.map(|version| version.to_string()).unwrap_or_default();
    [
        ("PodmanVersion", Variant::from(podman)),
        ("SystemdVersion", Variant::from(context.systemd.version().await.unwrap_or_default())),
        ("Controllers", Variant::from(delegated.clone())),
        ("MissingControllers", words(&missing)),
        ("Runners", words(runners)),
        ("RunnerVersions", Variant::from(builds.into_iter().map(version).collect::<Vec<_>>())),
        ("Displays", words(&["none", "stream"])),
        ("Audio", words(&["none", "pulse"])),
        ("Gpus", words(&["none"])),
        ("Networks", words(&["private", "none", "host"])),
        ("MaxSessions", Variant::from(context.settings.current().policy.max_sessions)),
        ("Pressure", Variant::from(diagnose::pressure_available(root))),
        ("LogsReadable", Variant::from(diagnose::logs_readable(root, &User::current()))),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}

/// One of `RunnerVersions`.
fn version(build: Build) -> HashMap<String, Variant<'static>> {
    let runner = match build.tool {
        Tool::Wine => "wine",
        Tool::Proton => "proton",
    };
    [
        ("Name", Variant::from(build.name)),
        ("Runner", Variant::from(runner)),
        ("Path", Variant::from(build.path.to_string_lossy().into_owned())),
        ("Supported", Variant::from(build.unsupported.is_none())),
        ("Reason", Variant::from(build.unsupported.unwrap_or_default())),
    ]
    .map(|(key, value)| (key.to_owned(), value))
    .into()
}
