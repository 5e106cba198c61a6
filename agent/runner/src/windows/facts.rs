//! What a Windows game finds on this host. Looks, and changes nothing.

use super::layers::Layers;
use super::program::{Places, is_foreign, program};
use crate::builds::{Build, Builds};
use crate::prefix::{Layering, Prefix, Store, Template, template_key, wine_prefix};
use dillinger_runner_core::host::{BuildFact, LibraryFact, PathFact, PrefixFact, ProgramFact, WindowsFacts};
use dillinger_runner_core::plan::{Layer, directory_name};
use dillinger_runner_core::problem::quoted;
use dillinger_runner_core::request::Kind;
use dillinger_runner_core::spec::{SessionSpec, WindowsSpec};
use dillinger_runner_core::wine::{PROTON_USER, Tool, WINDOWS_USER};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The kernel's node that synchronizes for Windows programs.
const NTSYNC: &str = "dev/ntsync";
const DRIVE_C: &str = "drive_c";

/// What is known before.
#[derive(Debug)]
pub struct Sources<'a> {
    /// The root of the host's file system.
    pub root: &'a Path,
    /// The prefixes and templates.
    pub store: &'a Store,
    /// The builds of the host.
    pub builds: &'a Builds,
    /// Full id of the session's image; none if it is not there.
    pub image: Option<&'a str>,
    /// The library.
    pub library: &'a LibraryFact,
    /// Host paths of the request.
    pub paths: &'a BTreeMap<String, PathFact>,
    /// Where saves lie that the request does not name.
    pub saves: &'a Path,
}

/// Gathers the facts. It blocks: it reads files.
pub fn facts(spec: &SessionSpec, windows: &WindowsSpec, from: &Sources<'_>) -> WindowsFacts {
    let build = build(windows, from.builds);
    let key = from.image.map(|image| match &build {
        BuildFact::Host { name, .. } => template_key(image, Some(name)),
        BuildFact::Image | BuildFact::Unusable(_) => template_key(image, None),
    });
    let template = key.as_deref().and_then(|key| from.store.template(key));
    let overlay = template.as_ref().is_some_and(|template| template.record.layering == Layering::Overlay);
    let prefix = prefix(spec, windows, template.as_ref(), from);
    let saves = saves(spec, from.saves);
    let places = Places {
        library: library(windows, from.library, saves.as_deref().filter(|_| overlay)),
        drive_c: drive_c(windows.tool, &prefix, template.as_ref(), saves.as_deref()),
    };
    let program = if places.drive_c.is_none() && is_in_prefix(windows) {
        ProgramFact::NotLookedFor
    } else {
        program(&windows.executable, &places)
    };
    WindowsFacts {
        build,
        prefix,
        program,
        overlay,
        foreign: places.library.as_ref().is_some_and(|library| is_foreign(&windows.executable, library)),
        ntsync: std::fs::File::open(from.root.join(NTSYNC)).is_ok(),
        processors: std::thread::available_parallelism().map_or(1, |count| u32::try_from(count.get()).unwrap_or(1)),
    }
}

fn is_in_prefix(windows: &WindowsSpec) -> bool {
    use dillinger_runner_core::wine::path::{Place, WindowsPath};
    WindowsPath::parse(&windows.executable).is_ok_and(|path| path.place == Place::DriveC)
}

fn build(windows: &WindowsSpec, builds: &Builds) -> BuildFact {
    if windows.tool == Tool::Wine && windows.build.is_empty() {
        return BuildFact::Image;
    }
    let host = |build: Build| match &build.unsupported {
        Some(reason) => BuildFact::Unusable(format!("{} cannot be used: {reason}", quoted(&build.name))),
        None => BuildFact::Host { name: build.name, path: build.path.to_string_lossy().into_owned() },
    };
    match builds.choose(windows.tool, &windows.build) {
        Ok(build) => host(build),
        Err(reason) => BuildFact::Unusable(reason),
    }
}

fn prefix(spec: &SessionSpec, windows: &WindowsSpec, template: Option<&Template>, from: &Sources<'_>) -> PrefixFact {
    // It also tells whether overlays can be mounted, which the library needs.
    let Some(template) = template else { return PrefixFact::NoTemplate };
    if let Some(path) = &windows.prefix {
        return plain(path, windows.tool, from.paths);
    }
    if spec.game_id.is_empty() {
        return passing(template);
    }
    let name = directory_name(&spec.game_id);
    match from.store.find(&name) {
        Ok(prefix) => kept(&prefix, template),
        Err(_) => new(&name, template, from.store),
    }
}

/// A directory of the caller's own, used as it is.
fn plain(path: &str, tool: Tool, paths: &BTreeMap<String, PathFact>) -> PrefixFact {
    let unusable = |why: &str| PrefixFact::Unusable(format!("{} {why}", quoted(path)));
    let directory = match paths.get(path) {
        Some(PathFact::Found { canonical, owner, directory: true }) if *owner == crate::host::uid() => canonical,
        Some(PathFact::Found { directory: false, .. }) => return unusable("is not a directory"),
        Some(PathFact::Found { .. }) => return unusable("belongs to another user"),
        Some(PathFact::Missing(reason)) => return unusable(&format!("cannot be used: {reason}")),
        None => return unusable("was not looked at"),
    };
    let (drive_c, expected) = match tool {
        Tool::Wine => (Path::new(directory).join(DRIVE_C), "expected a directory that holds drive_c"),
        Tool::Proton => (Path::new(directory).join("pfx").join(DRIVE_C), "expected a directory that holds pfx/drive_c"),
    };
    if !drive_c.is_dir() {
        return unusable(&format!("is no prefix, {expected}"));
    }
    let directory = directory.clone();
    PrefixFact::Whole { key: String::new(), files: directory.clone(), directory, managed: false, migrate: false }
}

/// A prefix that ends with its session.
fn passing(template: &Template) -> PrefixFact {
    if template.record.layering == Layering::Copy {
        let why = "this host mounts no overlays for users: expected GameId, or Prefix with a directory";
        return PrefixFact::Unusable(why.to_owned());
    }
    PrefixFact::Layered {
        key: template.key.clone(),
        template: text(&template.files),
        directory: None,
        layer: None,
        migrate: false,
    }
}

fn kept(prefix: &Prefix, template: &Template) -> PrefixFact {
    let migrate = prefix.record.template != template.key;
    if prefix.record.layered {
        layered(&prefix.directory, &prefix.files(), template, migrate)
    } else {
        PrefixFact::Whole {
            key: template.key.clone(),
            files: text(&prefix.files()),
            directory: text(&prefix.directory),
            managed: true,
            migrate,
        }
    }
}

/// One that is made when the session starts.
fn new(name: &str, template: &Template, store: &Store) -> PrefixFact {
    let directory = store.directory(name);
    match template.record.layering {
        Layering::Overlay => layered(&directory, &directory.join(crate::prefix::UPPER), template, false),
        Layering::Copy => PrefixFact::Whole {
            key: template.key.clone(),
            files: text(&directory.join(crate::prefix::FULL)),
            directory: text(&directory),
            managed: true,
            migrate: false,
        },
    }
}

fn layered(directory: &Path, upper: &Path, template: &Template, migrate: bool) -> PrefixFact {
    PrefixFact::Layered {
        key: template.key.clone(),
        template: text(&template.files),
        directory: Some(text(directory)),
        layer: Some(Layer { upper: text(upper), work: text(&directory.join(crate::prefix::WORK)) }),
        migrate,
    }
}

/// Where the saves are, or will be.
fn saves(spec: &SessionSpec, root: &Path) -> Option<PathBuf> {
    match &spec.saves {
        Some(path) => Some(PathBuf::from(path)),
        None if spec.game_id.is_empty() => None,
        None => Some(root.join(directory_name(&spec.game_id))),
    }
}

fn library(windows: &WindowsSpec, library: &LibraryFact, saves: Option<&Path>) -> Option<Layers> {
    let LibraryFact::At(path) = library else { return None };
    let upper = saves.filter(|_| windows.kind == Kind::Game).map(|saves| saves.join("library"));
    Some(Layers { lower: PathBuf::from(path), upper, over: None })
}

/// `C:\` with the player's own profile in its place.
fn drive_c(tool: Tool, prefix: &PrefixFact, template: Option<&Template>, saves: Option<&Path>) -> Option<Layers> {
    let of = |files: &str| wine_prefix(Path::new(files), tool).join(DRIVE_C);
    let (lower, upper, managed) = match prefix {
        PrefixFact::Layered { template, layer, .. } => {
            (of(template), layer.as_ref().map(|layer| of(&layer.upper)), true)
        }
        // A copy that is still to be made is as its template is.
        PrefixFact::Whole { files, managed: true, .. } if !Path::new(files).exists() => {
            (of(&text(&template?.files)), None, true)
        }
        PrefixFact::Whole { files, managed, .. } => (of(files), None, *managed),
        PrefixFact::NoTemplate | PrefixFact::Unusable(_) => return None,
    };
    let user = if tool == Tool::Wine { WINDOWS_USER } else { PROTON_USER };
    let profile = saves.map(|saves| saves.join("profile")).filter(|profile| managed && profile.is_dir());
    let over = profile.map(|profile| (vec!["users".to_owned(), user.to_owned()], profile));
    Some(Layers { lower, upper, over })
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
