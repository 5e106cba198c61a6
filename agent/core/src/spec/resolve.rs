//! The request laid over the settings' defaults laid over our own, and the
//! settings' ceilings over all.

use super::{Decision, SessionSpec, stream, windows};
use crate::id::SessionId;
use crate::limits::{INFINITY, Limit, Limits};
use crate::policy::{DEFAULT_LIBRARY, DEFAULT_TIMEOUT_STOP_USEC, Policy};
use crate::problem::{ProblemClass, Problems};
use crate::request::{self, Library, Network, Runner, SessionRequest};
use crate::value::{RawRequest, RawValue};

/// Makes a session of a request.
///
/// # Errors
/// Every problem at once: form, missing keys, ceilings, and what this version
/// cannot do.
pub fn resolve(raw: &RawRequest, policy: &Policy, id: SessionId) -> Result<(SessionSpec, Vec<Decision>), Problems> {
    let mut merged = policy.defaults.clone();
    let said = raw.iter().filter(|(key, value)| !is_unsaid(key, value, policy));
    merged.extend(said.map(|(key, value)| (key.clone(), value.clone())));
    let mut request = request::parse(&merged)?;
    let mut problems = Problems::default();
    check_supported(&request, &mut problems);
    check_command(&request, &mut problems);
    let windows = windows::resolve(&mut request, raw, &mut problems);
    let stream = stream::resolve(&request, raw, policy, &mut problems);
    let limits = limits(&request, policy, raw, &mut problems);
    let runtime_max_usec = runtime_max(&request, policy, raw, &mut problems);
    let command = request.command.take().unwrap_or_default();
    let library = request.library.take().unwrap_or_else(|| Library::Volume(DEFAULT_LIBRARY.to_owned()));
    let spec = SessionSpec {
        id,
        game_id: request.game_id.take().unwrap_or_default(),
        title: request.title.take().unwrap_or_default(),
        runner: request.runner.unwrap_or(Runner::Native),
        image: image(&mut request, raw, policy),
        working_directory: request.working_directory.take().or_else(|| default_directory(&command, &library)),
        command,
        environment: request.environment.take().unwrap_or_default(),
        library,
        saves: request.saves.take(),
        mounts: request.mounts.take().unwrap_or_default(),
        limits,
        stream,
        windows,
        network: request.network.unwrap_or(Network::Private),
        user_namespaces: request.user_namespaces.unwrap_or(false),
        runtime_max_usec,
        timeout_stop_usec: request.timeout_stop_usec.unwrap_or(DEFAULT_TIMEOUT_STOP_USEC),
    };
    let decisions = decisions(&spec, raw, policy);
    problems.or((spec, decisions))
}

/// An empty text asks for the default of the settings, but an empty `Library`
/// for none.
fn is_unsaid(key: &str, value: &RawValue, policy: &Policy) -> bool {
    key != "Library" && *value == RawValue::Str(String::new()) && policy.defaults.contains_key(key)
}

fn check_command(request: &SessionRequest, problems: &mut Problems) {
    if request.command.is_none() && matches!(request.runner, None | Some(Runner::Native)) {
        problems.invalid("Command", "is missing, expected the program and its arguments");
    }
}

/// The image that the request names, else, of a native game, that of `[session]`,
/// else that of the kind of runner.
fn image(request: &mut SessionRequest, raw: &RawRequest, policy: &Policy) -> String {
    let (of_runner, takes_default) = match request.runner {
        Some(Runner::Wine | Runner::Proton) => (&policy.images.wine, false),
        None | Some(Runner::Native) => (&policy.images.native, true),
    };
    let asked = raw.get("Image").is_some_and(|value| *value != RawValue::Str(String::new()));
    let named = request.image.take().filter(|_| asked || takes_default);
    named.unwrap_or_else(|| of_runner.clone())
}

/// What later versions will do; asking for it by name is refused, `auto` is
/// not. [`stream::resolve`] does the same for displays and what comes with them.
fn check_supported(request: &SessionRequest, problems: &mut Problems) {
    if request.gpus.iter().flatten().any(|name| name != "auto" && name != "none") {
        problems.push(
            ProblemClass::Unsupported,
            "Gpus",
            "a device by name is not supported by this version, expected none or auto",
        );
    }
}

fn limits(request: &SessionRequest, policy: &Policy, raw: &RawRequest, problems: &mut Problems) -> Limits {
    let mut limits = request::overlay(&Limits::default(), &request.limits, request.allowed_cpus.as_ref());
    for limit in Limit::ALL {
        let Some(ceiling) = policy.ceiling(limit) else { continue };
        if limits.get(limit) <= ceiling {
            continue;
        }
        if raw.contains_key(limit.key()) {
            problems.push(ProblemClass::LimitExceeded, limit.key(), over_ceiling(limits.get(limit), ceiling));
        }
        limits.set(limit, ceiling);
    }
    limits
}

/// Checks changed limits of a living session against the ceilings.
///
/// # Errors
/// Each limit that exceeds its ceiling.
pub fn check_ceilings(changes: impl Iterator<Item = (Limit, u64)>, policy: &Policy) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for (limit, value) in changes {
        if let Some(ceiling) = policy.ceiling(limit).filter(|ceiling| value > *ceiling) {
            problems.push(ProblemClass::LimitExceeded, limit.key(), over_ceiling(value, ceiling));
        }
    }
    problems.or(())
}

fn over_ceiling(value: u64, ceiling: u64) -> String {
    let value = if value == INFINITY { "no limit".to_owned() } else { value.to_string() };
    format!("{value} is more than the settings permit, expected at most {ceiling}")
}

fn runtime_max(request: &SessionRequest, policy: &Policy, raw: &RawRequest, problems: &mut Problems) -> u64 {
    let asked = request.runtime_max_usec.unwrap_or(INFINITY);
    if asked <= policy.runtime_max_usec {
        return asked;
    }
    if raw.contains_key("RuntimeMaxUSec") {
        problems.push(ProblemClass::LimitExceeded, "RuntimeMaxUSec", over_ceiling(asked, policy.runtime_max_usec));
    }
    policy.runtime_max_usec
}

/// The program's own directory; for a relative program the library, where it
/// is looked for; the image's for a bare name, and for a path with `..`, of
/// which only the kernel knows what it names.
fn default_directory(command: &[String], library: &Library) -> Option<String> {
    let (directory, _) = command.first()?.rsplit_once('/')?;
    if directory.split('/').any(|part| part == "..") {
        return None;
    }
    if command.first()?.starts_with('/') {
        return Some(if directory.is_empty() { "/".to_owned() } else { directory.to_owned() });
    }
    (*library != Library::None).then(|| "/library".to_owned())
}

fn decisions(spec: &SessionSpec, raw: &RawRequest, policy: &Policy) -> Vec<Decision> {
    let decide = |(key, value): (&'static str, RawValue)| {
        let auto = auto_reason(key, spec);
        let asked_auto = |from: &RawRequest| from.get(key).is_some_and(|asked| asked.display() == "auto");
        let reason =
            match (raw.get(key).is_some_and(|value| !is_unsaid(key, value, policy)), policy.defaults.contains_key(key))
            {
                (true, _) if asked_auto(raw) => auto,
                (true, _) => "request",
                (false, true) if asked_auto(&policy.defaults) => auto,
                (false, true) => "settings",
                (false, false) => "default",
            };
        let settled = policy.defaults.get(key).is_some_and(|default| default.display() == value.display());
        let capped = ceiling(key, policy).is_some_and(|ceiling| value.display() == ceiling.to_string());
        let reason = if capped && reason != "request" && !settled { "ceiling of the settings" } else { reason };
        Decision { key: key.to_owned(), value: value.display(), reason: reason.to_owned() }
    };
    spec.properties().into_iter().map(decide).collect()
}

/// What `auto` became.
fn auto_reason(key: &str, spec: &SessionSpec) -> &'static str {
    if key == "Audio" && spec.stream.is_some() {
        return "auto: the sound server of the session's own display";
    }
    "auto: this version offers none"
}

/// The most that the settings permit of a key.
fn ceiling(key: &str, policy: &Policy) -> Option<u64> {
    match Limit::from_key(key) {
        Some(limit) => policy.ceiling(limit),
        None => Some(policy.runtime_max_usec).filter(|usec| key == "RuntimeMaxUSec" && *usec != INFINITY),
    }
}
