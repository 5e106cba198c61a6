//! A request, put together from a request file and from arguments.

use crate::cli::{RequestArgs, WindowsArgs};
use crate::exit::Failure;
use crate::request_file;
use dillinger_runner_api::proxy::Options;
use dillinger_runner_api::{Value, keys, text};
use std::collections::BTreeMap;
use std::path::Path;

/// Keys and values of a request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request(BTreeMap<&'static str, Value>);

impl Request {
    /// The request that the arguments describe: the file first, then the options over it.
    pub fn from_args(args: &RequestArgs) -> Result<Self, Failure> {
        let mut request = match &args.file {
            Some(file) => request_file::read(file)?,
            None => Self::default(),
        };
        request.set_texts(args);
        for mount in &args.mount {
            let (source, target, options) = text::parse_mount(mount)?;
            request.add("Mounts", Value::Triples(vec![(absolute(&source)?, target, options)]));
        }
        for variable in &args.env {
            request.add("Environment", Value::List(vec![environment(variable)?]));
        }
        if let Some(library) = &args.library {
            // A bare word is the name of a volume.
            let library = if library.contains('/') { absolute(library)? } else { library.clone() };
            request.set("Library", Value::Text(library));
        }
        request.set_others(args)?;
        request.set_windows(&args.windows)?;
        for assignment in &args.property {
            request.assign(assignment)?;
        }
        if !args.command.is_empty() {
            let key = if request.get("Executable").is_some() { "Arguments" } else { "Command" };
            request.set(key, Value::List(args.command.clone()));
        }
        Ok(request)
    }

    /// The options of a Windows game. A program alone means Wine.
    fn set_windows(&mut self, args: &WindowsArgs) -> Result<(), Failure> {
        let texts = [
            ("Runner", &args.runner),
            ("RunnerVersion", &args.runner_version),
            ("Executable", &args.executable),
            ("Kind", &args.kind),
            ("InstallDirectory", &args.install_directory),
            ("WindowsVersion", &args.windows_version),
            ("VirtualDesktop", &args.virtual_desktop),
            ("Dxvk", &args.dxvk),
            ("Locale", &args.locale),
        ];
        for (key, value) in texts.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))) {
            self.set(key, Value::Text(value));
        }
        for (key, path) in [("Prefix", &args.prefix), ("Saves", &args.saves)] {
            if let Some(path) = path {
                self.set(key, Value::Text(absolute(path)?));
            }
        }
        for order in &args.dll_override {
            self.add("DllOverrides", Value::List(vec![order.clone()]));
        }
        for value in &args.registry {
            self.add("Registry", Value::Triples(vec![text::parse_registry(value)?]));
        }
        for verb in &args.winetricks {
            self.add("Winetricks", Value::List(vec![verb.clone()]));
        }
        if args.snapshot {
            self.set("SnapshotPrefix", Value::Bool(true));
        }
        if self.get("Executable").is_some() && self.get("Runner").is_none() {
            self.set("Runner", Value::Text("wine".to_owned()));
        }
        Ok(())
    }

    fn set_texts(&mut self, args: &RequestArgs) {
        let texts = [
            ("Id", &args.id),
            ("Title", &args.title),
            ("GameId", &args.game_id),
            ("Image", &args.image),
            ("Network", &args.network),
            ("WorkingDirectory", &args.cwd),
            ("Display", &args.display),
            ("Audio", &args.audio),
            ("IdleAction", &args.idle_action),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                self.set(key, Value::Text(value.clone()));
            }
        }
    }

    /// The options that are no plain text.
    fn set_others(&mut self, args: &RequestArgs) -> Result<(), Failure> {
        let numbers = [("Width", args.width), ("Height", args.height), ("RefreshRate", args.refresh_rate)];
        for (key, number) in numbers {
            if let Some(number) = number {
                self.set(key, Value::U32(number));
            }
        }
        let words = [
            ("Gamepads", "Gamepads", &args.gamepads),
            ("Clipboard", "Clipboard", &args.clipboard),
            ("FrameOnInput", "FrameOnInput", &args.frame_on_input),
            ("FillDisplay", "FillDisplay", &args.fill_display),
            ("UserNamespaces", "UserNamespaces", &args.user_namespaces),
            // A bare number is seconds with this name.
            ("IdleTimeoutUSec", "IdleTimeoutSec", &args.idle_timeout),
        ];
        for (key, name, words) in words {
            if let Some(words) = words {
                self.set(key, text::parse(name, words)?);
            }
        }
        Ok(())
    }

    /// Takes over `KEY=VALUE` in systemd's text syntax.
    pub fn assign(&mut self, assignment: &str) -> Result<(), Failure> {
        let (key, value) = parsed(assignment)?;
        self.add(key, value);
        Ok(())
    }

    /// The limits that `KEY=VALUE` arguments describe.
    pub fn limits(assignments: &[String]) -> Result<Self, Failure> {
        let mut limits = Self::default();
        for assignment in assignments {
            let (key, value) = parsed(assignment)?;
            if !keys::find(key).is_some_and(|key| key.limit) {
                let all: Vec<&str> = keys::ALL.iter().filter(|key| key.limit).map(|key| key.name).collect();
                return Err(Failure::Usage(format!("{key} is no limit, expected one of {}", all.join(", "))));
            }
            limits.set(key, value);
        }
        Ok(limits)
    }

    /// Sets a key, whatever it was.
    pub fn set(&mut self, key: &'static str, value: Value) {
        self.0.insert(key, value);
    }

    /// Sets a key; a list grows.
    pub fn add(&mut self, key: &'static str, value: Value) {
        let value = match self.0.remove(key) {
            Some(earlier) => earlier.followed_by(value),
            None => value,
        };
        self.0.insert(key, value);
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// The request as it is sent.
    #[must_use]
    pub fn into_options(self) -> Options<'static> {
        self.0.into_iter().map(|(key, value)| (key, value.into())).collect()
    }
}

/// The key of `KEY=VALUE` by its own name, and its value.
fn parsed(assignment: &str) -> Result<(&'static str, Value), Failure> {
    let (name, text) = assignment
        .split_once('=')
        .ok_or_else(|| Failure::Usage(format!("{assignment:?} is no assignment, expected KEY=VALUE")))?;
    let value = text::parse(name, text)?;
    let key = keys::find(name).ok_or_else(|| text::unknown_key(name))?;
    Ok((key.name, value))
}

/// A host path of an argument, which may be relative as everywhere on a command line.
fn absolute(path: &str) -> Result<String, Failure> {
    let absolute = std::path::absolute(Path::new(path))?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|path| Failure::Usage(format!("{} is not UTF-8, which D-Bus cannot carry", path.to_string_lossy())))
}

/// `NAME=VALUE` as it is; `NAME` alone takes the value of the own environment, as in podman-run(1).
fn environment(variable: &str) -> Result<String, Failure> {
    if variable.contains('=') {
        return Ok(variable.to_owned());
    }
    match std::env::var(variable) {
        Ok(value) => Ok(format!("{variable}={value}")),
        Err(error) => Err(Failure::Usage(format!("--env {variable}: {error}, expected NAME=VALUE"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;

    fn request(args: &[&str]) -> Result<Request, Failure> {
        let all = ["dillingerctl", "start"].iter().chain(args);
        let Command::Start(start) = Cli::try_parse_from(all).unwrap().command else { panic!("not start") };
        Request::from_args(&start.request)
    }

    fn list(words: &[&str]) -> Value {
        Value::List(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn options_become_keys() {
        let line = "--title|A \"B\"|--game-id=g|--image|i|--network|none|-w|/w|-e|A=1|--env|B=x y|--mount|/a:/b:rw|\
             -p|MemoryMax=2G|-p|CPUQuota=50%|-p|Environment=C=2|--|/bin/sh|-c|exit 7";
        let request = request(&line.split('|').collect::<Vec<_>>()).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let mount = ("/a".to_owned(), "/b".to_owned(), "rw".to_owned());
        for (key, value) in [
            ("Title", text("A \"B\"")),
            ("GameId", text("g")),
            ("Network", text("none")),
            ("WorkingDirectory", text("/w")),
            ("Environment", list(&["A=1", "B=x y", "C=2"])),
            ("Mounts", Value::Triples(vec![mount])),
            ("MemoryMax", Value::U64(2 << 30)),
            ("CPUQuotaPerSecUSec", Value::U64(500_000)),
            ("Command", list(&["/bin/sh", "-c", "exit 7"])),
        ] {
            assert_eq!(request.get(key), Some(&value), "{key}");
        }
        assert_eq!(request.get("Id"), None);
        assert_eq!(request.into_options().len(), 10);
    }

    #[test]
    fn options_of_a_streamed_session_become_keys() {
        let line = "--display|stream|--width|640|--height|480|--refresh-rate|30|--audio|none|--gamepads=no|--clipboard|\
             --frame-on-input=no|--fill-display=no|--user-namespaces|--idle-action|stop|--idle-timeout|90|--|/game";
        let request = request(&line.split('|').collect::<Vec<_>>()).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        for (key, value) in [
            ("Display", text("stream")),
            ("Width", Value::U32(640)),
            ("Height", Value::U32(480)),
            ("RefreshRate", Value::U32(30)),
            ("Audio", text("none")),
            ("Gamepads", Value::Bool(false)),
            ("Clipboard", Value::Bool(true)),
            ("FrameOnInput", Value::Bool(false)),
            ("FillDisplay", Value::Bool(false)),
            ("UserNamespaces", Value::Bool(true)),
            ("IdleAction", text("stop")),
            ("IdleTimeoutUSec", Value::U64(90_000_000)),
            ("Command", list(&["/game"])),
        ] {
            assert_eq!(request.get(key), Some(&value), "{key}");
        }
    }

    #[test]
    fn options_of_a_windows_game_become_keys() {
        let line = "--executable|D:\\Doom\\doom.exe|--prefix|/p|--dll-override|d3d9=n,b|--registry|HKCU\\A\\@=x=y|\
             --winetricks|corefonts|--snapshot|--|-iwad|freedoom2.wad";
        let made = request(&line.split('|').collect::<Vec<_>>()).unwrap();
        let text = |text: &str| Value::Text(text.to_owned());
        let value = ("HKCU\\A".to_owned(), String::new(), "x=y".to_owned());
        for (key, value) in [
            ("Runner", text("wine")),
            ("Executable", text("D:\\Doom\\doom.exe")),
            ("Arguments", list(&["-iwad", "freedoom2.wad"])),
            ("Prefix", text("/p")),
            ("DllOverrides", list(&["d3d9=n,b"])),
            ("Registry", Value::Triples(vec![value])),
            ("Winetricks", list(&["corefonts"])),
            ("SnapshotPrefix", Value::Bool(true)),
        ] {
            assert_eq!(made.get(key), Some(&value), "{key}");
        }
        assert_eq!(made.get("Command"), None);
        let proton = request(&["--runner", "proton", "-x", "a.exe"]).unwrap();
        assert_eq!(proton.get("Runner"), Some(&text("proton")));
        assert!(request(&["--registry", "HKCU=x"]).is_err());
    }

    #[test]
    fn relative_paths_and_volumes() {
        let here = std::env::current_dir().unwrap();
        let made = request(&["--mount", "saves:/saves", "--library", "games/x"]).unwrap();
        let source = here.join("saves").into_os_string().into_string().unwrap();
        let mount = (source, "/saves".to_owned(), String::new());
        assert_eq!(made.get("Mounts"), Some(&Value::Triples(vec![mount])));
        let library = here.join("games/x").into_os_string().into_string().unwrap();
        assert_eq!(made.get("Library"), Some(&Value::Text(library)));
        let volume = request(&["--library", "my_games"]).unwrap();
        assert_eq!(volume.get("Library"), Some(&Value::Text("my_games".to_owned())));
    }

    #[test]
    fn wrong_arguments_are_usage_errors() {
        for (args, said) in [
            (vec!["-p", "MemoryMaxx=1"], "did you mean MemoryMax"),
            (vec!["-p", "MemoryMax=lots"], "512M"),
            (vec!["-p", "MemoryMax"], "KEY=VALUE"),
            (vec!["--mount", "/a"], "SOURCE:TARGET"),
            (vec!["--clipboard=perhaps"], "Clipboard"),
            (vec!["--idle-timeout=soon"], "soon"),
            (vec!["--env", "SURELY_NOT_SET_ANYWHERE"], "NAME=VALUE"),
        ] {
            let failure = request(&args).unwrap_err();
            assert_eq!(failure.exit_code(), 2);
            assert!(failure.message().unwrap().contains(said), "{args:?}: {failure:?}");
        }
    }

    #[test]
    fn limits_are_limit_keys_only() {
        let limits = Request::limits(&["MemoryMax=1G".to_owned(), "CPUQuota=infinity".to_owned()]).unwrap();
        assert_eq!(limits.get("CPUQuotaPerSecUSec"), Some(&Value::U64(u64::MAX)));
        let failure = Request::limits(&["Title=x".to_owned()]).unwrap_err();
        assert!(failure.message().unwrap().contains("MemoryMax"));
    }
}
