//! Containers of nasty texts, and the files that the product writes for them.

use crate::batch::Expected;
use crate::text::{self, can_be_carried, has_crlf};
use anyhow::ensure;
use dillinger_runner_core::unitfile::{EscapeError, Mount, Setting, UnitFile, Value};
use dillinger_runner_tests::generator::{Mounted, Run};
use proptest::prelude::*;

/// What a container is asked to be. Texts that the product refuses are left out
/// of its file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Container {
    pub(crate) description: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) working_directory: Option<String>,
    pub(crate) mounts: Vec<Mount>,
    pub(crate) option: Option<String>,
    pub(crate) word: String,
    pub(crate) stop: Vec<String>,
}

/// Any container.
pub(crate) fn any() -> impl Strategy<Value = Container> {
    let variable = (prop_oneof![2 => "[A-Z]{1,3}", 1 => text::any()], text::any());
    let parts = (
        text::any(),
        prop::collection::vec(text::any(), 1..4),
        prop::collection::vec(variable, 0..3),
        prop::option::of(path()),
        prop::collection::vec(mount(), 0..3),
        prop::option::of(text::any()),
        text::any(),
        prop::collection::vec(text::any(), 0..2),
    );
    parts.prop_map(|(description, arguments, environment, working_directory, mounts, option, word, stop)| Container {
        description,
        arguments,
        environment,
        working_directory,
        mounts,
        option,
        word,
        stop,
    })
}

/// On the heap, as mounts: as types within types they would be too much for a test's stack.
pub(crate) fn path() -> BoxedStrategy<String> {
    prop_oneof![
        6 => text::any().prop_map(|text| format!("/{text}")),
        2 => (text::any(), text::any()).prop_map(|(first, second)| format!("/{first}/{second}")),
        1 => text::any(),
    ]
    .boxed()
}

fn mount() -> BoxedStrategy<Mount> {
    let name = prop_oneof![2 => "[a-zA-Z0-9][a-zA-Z0-9_.-]{0,8}(\\.volume|\\.image)?", 1 => text::any()];
    prop_oneof![
        3 => (path(), path(), any_bool()).prop_map(|(source, target, read_only)| Mount::Bind { source, target, read_only }),
        1 => (name, path(), any_bool()).prop_map(|(name, target, read_only)| Mount::Volume { name, target, read_only }),
        2 => (path(), path(), proptest::option::of((path(), path())))
            .prop_map(|(source, target, layer)| Mount::Overlay { source, target, layer }),
        1 => path().prop_map(|target| Mount::Tmpfs { target, size: Some(4096), mode: Some(0o1777), owned: false }),
    ]
    .boxed()
}

fn any_bool() -> impl Strategy<Value = bool> {
    proptest::bool::ANY
}

/// A container that has `text` in every place.
pub(crate) fn everywhere(text: &str) -> Container {
    let path = format!("/{text}");
    Container {
        description: text.to_owned(),
        arguments: vec![text.to_owned(), "between".to_owned(), text.to_owned()],
        environment: vec![("NAME".to_owned(), text.to_owned()), (format!("X{text}"), text.to_owned())],
        working_directory: Some(path.clone()),
        mounts: vec![
            Mount::Bind { source: path.clone(), target: path.clone(), read_only: true },
            Mount::Bind { source: format!("/a{text}b"), target: format!("/b{text}c"), read_only: false },
        ],
        option: Some(text.to_owned()),
        word: text.to_owned(),
        stop: vec![text.to_owned(), "last".to_owned()],
    }
}

/// A container that has arguments alone.
pub(crate) fn of_arguments(arguments: Vec<String>) -> Container {
    Container { arguments, stop: vec!["x".to_owned()], ..Container::default() }
}

/// The file of a container that asks for nothing difficult.
pub(crate) fn harmless() -> anyhow::Result<String> {
    Ok(of_arguments(vec!["game".to_owned()]).write()?.text)
}

const IMAGE: &str = "localhost/dillinger/base:latest";

impl Container {
    /// The file, and what has to come of it, without what the product refused.
    pub(crate) fn write(&self) -> anyhow::Result<Expected> {
        let mut file = UnitFile::new();
        file.add("Unit", "Description", Value::description(&self.description));
        file.add("Container", "Image", Value::image(IMAGE)?);
        let mut run = Run { image: IMAGE.to_owned(), ..Run::default() };
        self.write_settings(&mut file, &mut run)?;
        self.write_words(&mut file, &mut run)?;
        let stop = ["/usr/libexec/dillinger runner/100%"].map(str::to_owned).into_iter();
        let stop: Vec<String> = stop.chain(self.stop.iter().filter(|text| can_be_carried(text)).cloned()).collect();
        file.add("Service", "Slice", Value::constant("dillinger-session-0.slice"));
        file.add("Service", "ExecStopPost", Value::service_exec(&stop)?);
        file.add("Quadlet", "DefaultDependencies", Value::bool(false));
        let commands = vec![("ExecStopPost", stop)];
        Ok(Expected { text: file.render()?, run, commands, description: self.description.clone(), needs: Vec::new() })
    }

    fn write_settings(&self, file: &mut UnitFile, run: &mut Run) -> anyhow::Result<()> {
        for (name, value) in &self.environment {
            let named = !name.is_empty() && !name.contains('=') && !name.starts_with([' ', '\t']);
            let expected =
                named && can_be_carried(name) && can_be_carried(value) && !has_crlf(name) && !has_crlf(value);
            if let Some(line) = judged(Value::environment(name, value), expected, value)? {
                file.add("Container", "Environment", line);
                run.environment.insert(name.clone(), value.clone());
            }
        }
        if let Some(path) = &self.working_directory
            && let Some(setting) = judged(Setting::working_dir(path), is_path(path), path)?
        {
            file.add_setting(setting);
            run.working_directory = Some(path.clone());
        }
        for mount in &self.mounts {
            if let Some(setting) = judged(Setting::mount(mount), is_mount(mount), &format!("{mount:?}"))? {
                file.add_setting(setting);
                run.mounts.push(mounted(mount));
            }
        }
        Ok(())
    }

    fn write_words(&self, file: &mut UnitFile, run: &mut Run) -> anyhow::Result<()> {
        let word = if Value::word(&self.word).is_ok() { &self.word } else { "dillinger" };
        file.add("Container", "ContainerName", Value::word(word)?);
        run.options.push(("--name".to_owned(), Some(word.to_owned())));
        if let Some(option) = &self.option {
            let whole = format!("--annotation={option}");
            if let Some(value) = judged(Value::podman_args(&[whole]), can_be_carried(option), option)? {
                file.add("Container", "PodmanArgs", value);
                run.options.push(("--annotation".to_owned(), Some(option.clone())));
            }
        }
        run.arguments = self.arguments.iter().filter(|text| can_be_carried(text)).cloned().collect();
        let all = run.arguments.len() == self.arguments.len();
        ensure!(all || Value::exec(&self.arguments).is_err(), "carried too much");
        if !run.arguments.is_empty() {
            file.add("Container", "Exec", Value::exec(&run.arguments)?);
        }
        Ok(())
    }
}

fn mounted(mount: &Mount) -> Mounted {
    let plain = |kind: &str, source: Option<String>, target: String, read_only| Mounted {
        kind: kind.to_owned(),
        source,
        target,
        read_only,
        others: Vec::new(),
    };
    match mount.clone() {
        Mount::Bind { source, target, read_only } => plain("bind", Some(source), target, read_only),
        Mount::Volume { name, target, read_only } => plain("volume", Some(name), target, read_only),
        Mount::Overlay { source, target, layer } => {
            let paths = layer.map(|(upper, work)| vec![format!("upperdir={upper}"), format!("workdir={work}")]);
            Mounted { others: paths.unwrap_or_default(), ..plain("overlay", Some(source), target, false) }
        }
        Mount::Tmpfs { target, .. } => {
            let others = ["tmpfs-size=4096", "tmpfs-mode=1777"].map(str::to_owned).to_vec();
            Mounted { others, ..plain("tmpfs", None, target, false) }
        }
    }
}

/// What was carried. It is an error if the product refuses what it need not, or
/// the other way round.
fn judged<T>(result: Result<T, EscapeError>, expected: bool, text: &str) -> anyhow::Result<Option<T>> {
    ensure!(result.is_ok() == expected, "{text:?} should {}be carried", if expected { "" } else { "not " });
    Ok(result.ok())
}

fn is_path(path: &str) -> bool {
    can_be_carried(path) && path.starts_with('/') && path.len() < 4096 && !path.split('/').any(|part| part == "..")
}

fn is_mount(mount: &Mount) -> bool {
    let (source, target) = match mount {
        Mount::Bind { source, target, .. } => (is_path(source) && !has_crlf(source), target),
        Mount::Volume { name, target, .. } => (is_name(name), target),
        Mount::Overlay { source, target, layer } => {
            let all = [source, target].into_iter().chain(layer.iter().flat_map(|(upper, work)| [upper, work]));
            (all.into_iter().all(|path| is_path(path) && !has_crlf(path) && !path.contains([':', ',', '\\'])), target)
        }
        Mount::Tmpfs { target, .. } => (true, target),
    };
    source && is_path(target) && !has_crlf(target)
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}
