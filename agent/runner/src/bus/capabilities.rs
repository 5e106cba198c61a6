//! The property `Capabilities`: what this host and this version can do.

use crate::diagnose::{self, User};
use crate::session::Context;
use std::collections::HashMap;
use zbus::Variant;

/// Controllers that a limit of the contract needs.
const CONTROLLERS: [&str; 5] = ["cpu", "cpuset", "io", "memory", "pids"];

pub(super) async fn capabilities(context: &Context) -> HashMap<String, Variant<'static>> {
    let root = context.paths.root.as_path();
    let words = |words: &[&str]| Variant::from(words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>());
    let delegated = context.host.controllers();
    let missing: Vec<&str> = CONTROLLERS.into_iter().filter(|one| !delegated.iter().any(|has| has == one)).collect();
    let podman = context.host.podman_version().await.map(|version| version.to_string()).unwrap_or_default();
    [
        ("PodmanVersion", Variant::from(podman)),
        ("SystemdVersion", Variant::from(context.systemd.version().await.unwrap_or_default())),
        ("Controllers", Variant::from(delegated.clone())),
        ("MissingControllers", words(&missing)),
        ("Runners", words(&["native"])),
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
