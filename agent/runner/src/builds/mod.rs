//! Wine and Proton builds of this host.
//!
//! ```text
//! $XDG_DATA_HOME/dillinger/builds/<name>/          the user's own
//! <prefix of the product>/share/dillinger/builds/<name>/, /usr/local/share/…, /usr/share/…
//!     bin/wine                                     a Wine build
//!     proton, toolmanifest.vdf                     a Proton build (Steam's compatibility tools)
//! ```
//!
//! They are looked for anew each time: people put builds there and take them away.

mod manifest;

use crate::paths::Paths;
use dillinger_runner_core::problem::quoted;
use dillinger_runner_core::wine::Tool;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A build that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// Its name: that of its directory.
    pub name: String,
    /// What it is.
    pub tool: Tool,
    /// Its directory, symbolic links resolved.
    pub path: PathBuf,
    /// Why it cannot be used; none if it can.
    pub unsupported: Option<String>,
}

/// Where builds are looked for. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Builds {
    directories: Vec<PathBuf>,
}

impl Builds {
    /// Those of this user and of the system.
    pub fn new(paths: &Paths) -> Self {
        Self { directories: paths.builds.clone() }
    }

    /// All builds by name. Of two with one name the user's own counts, else the first.
    pub fn list(&self) -> Vec<Build> {
        let mut all = BTreeMap::new();
        for build in self.directories.iter().flat_map(|directory| in_directory(directory)) {
            all.entry(build.name.clone()).or_insert(build);
        }
        all.into_values().collect()
    }

    /// The build of this name; without a name the newest that can be used, by the order of version numbers.
    ///
    /// # Errors
    /// There is none, with what there is.
    pub fn choose(&self, tool: Tool, name: &str) -> Result<Build, String> {
        let mut known: Vec<Build> = self.list().into_iter().filter(|build| build.tool == tool).collect();
        if !name.is_empty() {
            let found = known.iter().find(|build| build.name == name).cloned();
            return found.ok_or_else(|| format!("there is no build {} on this host, {}", quoted(name), these(&known)));
        }
        known.sort_by_key(|build| (build.unsupported.is_none(), version(&build.name)));
        let none = || {
            let own = self.directories.first().map(|path| path.display().to_string()).unwrap_or_default();
            format!("there is no build of Proton on this host, expected one such as {own}/GE-Proton10-1")
        };
        known.pop().ok_or_else(none)
    }
}

fn these(known: &[Build]) -> String {
    if known.is_empty() {
        return "which has none".to_owned();
    }
    let names: Vec<&str> = known.iter().map(|build| build.name.as_str()).collect();
    format!("expected one of {}", names.join(", "))
}

/// The numbers in a name, then the name: `GE-Proton9-20` comes before `GE-Proton10-1`.
fn version(name: &str) -> (Vec<u64>, String) {
    let numbers = name.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    (numbers.collect(), name.to_owned())
}

fn in_directory(directory: &Path) -> Vec<Build> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut found: Vec<Build> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            look_at(entry.file_name().into_string().ok()?, &entry.path())
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// What a directory holds; nothing if it is no build.
fn look_at(name: String, path: &Path) -> Option<Build> {
    let path = path.canonicalize().ok()?;
    let has = |file: &str| path.join(file).is_file();
    let (tool, unsupported) = if has("proton") {
        (Tool::Proton, manifest::refusal(&path.join("toolmanifest.vdf")))
    } else if has("umu-run") || has("umu_run.py") {
        let why = "it is umu, which starts a container of its own (pressure-vessel): expected the Proton build itself";
        (Tool::Proton, Some(why.to_owned()))
    } else if has("bin/wine") {
        (Tool::Wine, None)
    } else {
        return None;
    };
    let mountable = path.to_str().is_some_and(|path| !path.contains([':', ',']));
    let unsupported = unsupported.or_else(|| {
        (!mountable).then(|| "its path has a character that no mount can have: expected one without : and ,".to_owned())
    });
    Some(Build { name, tool, path, unsupported })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(files: &[(&str, &str)]) -> (tempfile::TempDir, Builds) {
        let place = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = place.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let directories = vec![place.path().join("own"), place.path().join("system"), place.path().join("absent")];
        (place, Builds { directories })
    }

    #[test]
    fn builds_are_found_and_chosen() {
        let plain = "\"manifest\" { \"commandline\" \"/proton %verb%\" }";
        let nested = "\"manifest\" { \"commandline\" \"/proton %verb%\" \"require_tool_appid\" \"1628350\" }";
        let (_place, builds) = with(&[
            ("own/GE-Proton9-20/proton", ""),
            ("own/GE-Proton9-20/toolmanifest.vdf", plain),
            ("own/GE-Proton10-1/proton", ""),
            ("own/GE-Proton10-1/toolmanifest.vdf", plain),
            ("system/Proton 11/proton", ""),
            ("system/Proton 11/toolmanifest.vdf", nested),
            ("system/wine-10.4/bin/wine", ""),
            ("system/umu/umu-run", ""),
            ("system/notes/readme", ""),
        ]);
        let names: Vec<String> = builds.list().into_iter().map(|build| build.name).collect();
        assert_eq!(names, ["GE-Proton10-1", "GE-Proton9-20", "Proton 11", "umu", "wine-10.4"]);
        assert_eq!(builds.choose(Tool::Proton, "").unwrap().name, "GE-Proton10-1");
        assert_eq!(builds.choose(Tool::Wine, "wine-10.4").unwrap().unsupported, None);
        let nested = builds.choose(Tool::Proton, "Proton 11").unwrap().unsupported.unwrap();
        assert!(nested.contains("1628350"), "{nested}");
        let wrong = builds.choose(Tool::Wine, "GE-Proton10-1").unwrap_err();
        assert!(wrong.ends_with("expected one of wine-10.4"), "{wrong}");
        let none = Builds { directories: vec![PathBuf::from("/d/builds")] }.choose(Tool::Proton, "").unwrap_err();
        assert!(none.contains("/d/builds/GE-Proton"), "{none}");
    }

    #[test]
    fn the_users_own_come_first() {
        let (place, builds) = with(&[("own/wine-9/bin/wine", ""), ("system/wine-9/bin/wine", "")]);
        let own = place.path().canonicalize().unwrap().join("own/wine-9");
        assert_eq!(builds.choose(Tool::Wine, "wine-9").unwrap().path, own);
    }
}
