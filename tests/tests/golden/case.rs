//! One case: what goes in, and what comes of it.

use anyhow::{Context as _, Result, anyhow, bail};
use dillinger_runner::config::Settings;
use dillinger_runner::session::problems;
use dillinger_runner_api::keys;
use dillinger_runner_core::host::{
    BuildFact, GamepadFact, HostFacts, LibraryFact, PathFact, PrefixFact, ProgramFact, WindowsFacts,
};
use dillinger_runner_core::id::SessionId;
use dillinger_runner_core::plan::{Layer, SessionPlan, plan};
use dillinger_runner_core::policy::DISPLAY_INTERFACE;
use dillinger_runner_core::problem::Problems;
use dillinger_runner_core::render::{UnitText, render};
use dillinger_runner_core::request::parse;
use dillinger_runner_core::spec::{SessionSpec, resolve};
use dillinger_runner_core::value::{RawRequest, RawValue};
use dillinger_runner_core::wine::{Program, ProgramKind};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use toml::Value;

const STATE: &str = "/home/player/.local/state/dillinger-runner";
const BUILDS: &str = "/home/player/.local/share/dillinger/builds";

/// What is read of a case.
pub(crate) struct Case {
    request: RawRequest,
    settings: Settings,
    host: Host,
}

/// Image and command.
pub(crate) type Run = (String, Vec<String>);

/// What a request becomes.
pub(crate) enum Outcome {
    /// The error's name and message.
    Refused(String),
    /// Files by name, with what the supervisor of a Windows game is told, and the image and command that each Quadlet among them has to run.
    Made { files: BTreeMap<String, String>, runs: BTreeMap<String, Run> },
}

impl Outcome {
    /// Everything that is written down of it, by file name.
    pub(crate) fn files(&self) -> BTreeMap<String, String> {
        match self {
            Self::Refused(text) => BTreeMap::from([("expected.err".to_owned(), text.clone())]),
            Self::Made { files, .. } => files.clone(),
        }
    }
}

/// The usual host, and how it may differ.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Host {
    controllers: Vec<String>,
    image_present: bool,
    /// Its label, or `missing`.
    display_image: String,
    /// Event nodes of virtual gamepads.
    gamepads: Vec<String>,
    /// Why there can be none.
    gamepads_missing: Option<String>,
    /// Why the library cannot be used.
    library_unavailable: Option<String>,
    /// What a Windows game finds.
    windows: WindowsHost,
    /// Host paths; `mine` to their owner, `other` to root, a path: what they link to.
    paths: BTreeMap<String, String>,
}

impl Default for Host {
    fn default() -> Self {
        let controllers = ["cpu", "memory", "pids"].map(str::to_owned).to_vec();
        Self {
            controllers,
            image_present: true,
            display_image: DISPLAY_INTERFACE.to_owned(),
            gamepads: Vec::new(),
            gamepads_missing: None,
            library_unavailable: None,
            windows: WindowsHost::default(),
            paths: BTreeMap::new(),
        }
    }
}

/// The Windows side of the usual host, which has a template of the image and every program.
#[allow(clippy::struct_excessive_bools, reason = "each is a line of a case's file")]
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct WindowsHost {
    /// There is no template.
    no_template: bool,
    /// No overlays can be mounted.
    no_overlay: bool,
    /// A prefix of the caller's own.
    plain: Option<String>,
    /// The game's prefix was last used with another build.
    migrate: bool,
    /// Name of a build of the host.
    build: Option<String>,
    /// Why the build cannot be used.
    build_unusable: Option<String>,
    /// Why the program cannot be started.
    refused: Option<String>,
    ntsync: bool,
    /// The program's directory is another user's.
    foreign: bool,
}

impl WindowsHost {
    fn facts(&self, spec: &SessionSpec) -> Option<WindowsFacts> {
        let asked = spec.windows.as_ref()?;
        let build = match (&self.build, &self.build_unusable) {
            (_, Some(reason)) => BuildFact::Unusable(reason.clone()),
            (Some(name), None) => BuildFact::Host { name: name.clone(), path: format!("{BUILDS}/{name}") },
            (None, None) => BuildFact::Image,
        };
        let found =
            Program { path: asked.executable.clone(), kind: ProgramKind::Exe, arguments: vec![], directory: None };
        Some(WindowsFacts {
            build,
            prefix: self.prefix(spec),
            program: self.refused.clone().map_or(ProgramFact::Found(found), ProgramFact::Refused),
            overlay: !self.no_overlay,
            foreign: self.foreign,
            ntsync: self.ntsync,
            processors: 8,
        })
    }

    fn prefix(&self, spec: &SessionSpec) -> PrefixFact {
        let (key, game) = ("0123456789ab".to_owned(), &spec.game_id);
        let own = format!("{STATE}/prefixes/{game}");
        if let Some(directory) = self.plain.clone() {
            let (key, files) = (String::new(), directory.clone());
            return PrefixFact::Whole { key, files, directory, managed: false, migrate: false };
        }
        if self.no_template {
            return PrefixFact::NoTemplate;
        }
        if self.no_overlay {
            let files = format!("{own}/prefix");
            return PrefixFact::Whole { key, files, directory: own, managed: true, migrate: self.migrate };
        }
        let kept = !game.is_empty();
        PrefixFact::Layered {
            template: format!("{STATE}/templates/{key}/prefix"),
            key,
            layer: kept.then(|| Layer { upper: format!("{own}/upper"), work: format!("{own}/work") }),
            directory: kept.then_some(own),
            migrate: self.migrate,
        }
    }
}

impl Host {
    fn facts(&self, spec: &SessionSpec) -> HostFacts {
        let library = match &self.library_unavailable {
            Some(reason) => LibraryFact::Unavailable { place: "the library".to_owned(), reason: reason.clone() },
            None => LibraryFact::At("/srv/library".to_owned()),
        };
        let path = |(path, what): (&String, &String)| {
            let canonical = if what.starts_with('/') { what.clone() } else { path.clone() };
            let owner = if what == "other" { 0 } else { 1000 };
            (path.clone(), PathFact::Found { canonical, owner, directory: what != "file" })
        };
        let gamepads = match &self.gamepads_missing {
            Some(reason) => GamepadFact::Missing(reason.clone()),
            None if self.gamepads.is_empty() => GamepadFact::Possible,
            None => GamepadFact::Made(self.gamepads.clone()),
        };
        HostFacts {
            uid: 1000,
            controllers: self.controllers.clone(),
            image_present: self.image_present,
            display_image: Some(self.display_image.clone()).filter(|label| label != "missing"),
            gamepads,
            library,
            paths: self.paths.iter().map(path).collect(),
            saves_root: format!("{STATE}/saves"),
            runtime_dir: "/run/user/1000".to_owned(),
            state_dir: STATE.to_owned(),
            windows: self.windows.facts(spec),
            agent: "/usr/libexec/dillinger-runner/dillinger-runner".to_owned(),
            seccomp: "/usr/share/dillinger/seccomp".to_owned(),
        }
    }
}

impl Case {
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let optional = |name: &str| fs::read_to_string(directory.join(name)).unwrap_or_default();
        let request: toml::Table = toml::from_str(&fs::read_to_string(directory.join("request.toml"))?)?;
        let settings = Settings::parse(Path::new("settings.toml"), &optional("settings.toml"));
        Ok(Self {
            request: request.iter().map(|(key, value)| Ok((key.clone(), raw(key, value)?))).collect::<Result<_>>()?,
            settings: settings.map_err(|found| anyhow!("settings: {found:?}"))?,
            host: toml::from_str(&optional("host.toml"))?,
        })
    }

    pub(crate) fn outcome(&self) -> Result<Outcome> {
        match self.made() {
            Ok((plan, units)) => made(plan, units),
            Err(found) => {
                let error = problems(&found);
                Ok(Outcome::Refused(format!("{}\n{}\n", error.short_name(), error.message().replace("; ", "\n"))))
            }
        }
    }

    fn made(&self) -> Result<(SessionPlan, Vec<UnitText>), Problems> {
        let id = parse(&self.request)?.id().unwrap_or_else(|| SessionId::from_random(1));
        let (spec, decisions) = resolve(&self.request, self.settings.policy(), id)?;
        let facts = self.host.facts(&spec);
        let plan = plan(spec, decisions, &facts)?;
        let units = render(&plan)?;
        Ok((plan, units))
    }
}

fn made(plan: SessionPlan, units: Vec<UnitText>) -> Result<Outcome> {
    let decided = plan.decisions.iter().filter(|one| one.reason != "default");
    let decided = decided.map(|one| format!("{} = {} ({})\n", one.key, one.value.escape_debug(), one.reason));
    let warned = plan.warnings.iter().map(|warning| format!("warning: {warning}\n"));
    let mut files: BTreeMap<String, String> = units.into_iter().map(|unit| (unit.name, unit.text)).collect();
    let said = decided.chain(warned).collect();
    if let Some(launch) = &plan.launch {
        files.insert("launch.json".to_owned(), serde_json::to_string_pretty(launch)? + "\n");
    }
    if files.insert("decisions.txt".to_owned(), said).is_some() {
        bail!("a unit has the name decisions.txt");
    }
    let runs =
        plan.containers.into_iter().map(|one| (format!("{}.container", one.container), (one.image, one.command)));
    Ok(Outcome::Made { files, runs: runs.collect() })
}

/// A value by the type that its key has in the contract.
fn raw(key: &str, value: &Value) -> Result<RawValue> {
    let signature = keys::find(key).map_or("", |key| key.signature);
    let text = |value: &Value| value.as_str().map(str::to_owned).context("not a text");
    Ok(match (value, signature) {
        (Value::String(text), _) => RawValue::Str(text.clone()),
        (Value::Boolean(on), _) => RawValue::Bool(*on),
        (Value::Integer(number), "u") => RawValue::U32(u32::try_from(*number)?),
        (Value::Integer(-1), _) => RawValue::U64(u64::MAX),
        (Value::Integer(number), _) => RawValue::U64(u64::try_from(*number)?),
        (Value::Array(rows), "a(sss)") => RawValue::Triples(rows.iter().map(triple).collect::<Result<_>>()?),
        (Value::Array(list), _) => RawValue::StrList(list.iter().map(text).collect::<Result<_>>()?),
        (other, _) => bail!("{key}: a value that no key has: {other:?}"),
    })
}

fn triple(row: &Value) -> Result<(String, String, String)> {
    let words: Vec<String> = row.clone().try_into()?;
    let [source, target, options] = <[String; 3]>::try_from(words).map_err(|_| anyhow!("not three words"))?;
    Ok((source, target, options))
}
