use super::*;
use dillinger_runner_core::limits::Limit;
use dillinger_runner_core::spec::SessionSpec;
use dillinger_runner_core::value::{RawRequest, RawValue};
use std::fs;

const EXAMPLE: &str = include_str!("../../share/runner.toml");

fn parse(text: &str) -> Result<Settings, Vec<Problem>> {
    Settings::parse(Path::new("/etc/dillinger/runner.toml"), text)
}

fn one_problem(text: &str) -> String {
    let problems = parse(text).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].to_string().replace("/etc/dillinger/runner.toml:", "")
}

/// What a request that says nothing becomes.
fn plain_session(settings: &Settings) -> SessionSpec {
    let command = RawValue::StrList(vec!["true".to_owned()]);
    let request = RawRequest::from([("Command".to_owned(), command)]);
    let id = "0123456789abcdef0123456789abcdef".parse().unwrap();
    dillinger_runner_core::spec::resolve(&request, settings.policy(), id).unwrap().0
}

/// The shipped file with its settings switched on: lines that begin with `#`
/// and a letter.
fn example_in_force() -> String {
    let line = |line: &str| match line.strip_prefix('#') {
        Some(setting) if setting.starts_with(char::is_alphabetic) => format!("{setting}\n"),
        _ => format!("{line}\n"),
    };
    EXAMPLE.lines().map(line).collect()
}

#[test]
fn the_shipped_file_sets_nothing() {
    assert_eq!(parse(EXAMPLE).unwrap(), Settings::default());
}

#[test]
fn the_shipped_file_shows_the_built_in_values() {
    let (shown, built_in) = (parse(&example_in_force()).unwrap(), Settings::default());
    assert_eq!(plain_session(&shown), plain_session(&built_in));
    assert_eq!((shown.pull, shown.retention), (built_in.pull, built_in.retention));
    assert_eq!(shown.policy.images, built_in.policy.images);
    assert_eq!(shown.daemon_reload, built_in.daemon_reload);
    assert_eq!((&shown.stream, &shown.policy.stream), (&built_in.stream, &built_in.policy.stream));
    assert_eq!(shown.policy.ceilings, built_in.policy.ceilings);
    assert_eq!(shown.policy.runtime_max_usec, built_in.policy.runtime_max_usec);
    assert_eq!(shown.policy.max_sessions, built_in.policy.max_sessions);
}

#[test]
fn the_shipped_file_shows_every_key() {
    let fragment = fragment::parse(Path::new("/f"), &example_in_force()).unwrap();
    for table in schema::TABLES {
        for key in schema::keys(table).unwrap() {
            let shown = fragment.entries.iter().any(|entry| entry.table == table && entry.key == key);
            assert!(shown, "{table}.{key}");
        }
    }
}

#[test]
fn numbers_have_the_forms_of_unit_files() {
    let settings = parse(
        "[session]\nMemoryMax = \"2G\"\nTasksMax = 100\nCPUQuota = \"150%\"\nRuntimeMaxSec = 90\nTimeoutStopUSec = 5000000\n",
    );
    let spec = plain_session(&settings.unwrap());
    assert_eq!(spec.limits.get(Limit::MemoryMax), 2 << 30);
    assert_eq!(spec.limits.get(Limit::TasksMax), 100);
    assert_eq!(spec.limits.get(Limit::CpuQuotaPerSecUsec), 1_500_000);
    assert_eq!((spec.runtime_max_usec, spec.timeout_stop_usec), (90_000_000, 5_000_000));
}

#[test]
fn tables_set_what_they_say() {
    let settings = parse(
        "[session]\nEnvironment = [\"A=b c\"]\nLibrary = \"/srv/games\"\n\
         [ceilings]\nMemoryMax = \"4G\"\nRuntimeMaxUSec = \"2h\"\nMaxSessions = 100\n\
         [images]\nNative = \"r.example/a:1\"\nPull = \"always\"\n\
         [retention]\nEndedObjects = \"1min 30s\"\nEndedRecords = 5\n[systemd]\nDaemonReload = \"always\"\n",
    );
    let settings = settings.unwrap();
    let spec = plain_session(&settings);
    assert_eq!((spec.image.as_str(), spec.library.as_str()), ("r.example/a:1", "/srv/games"));
    assert_eq!((spec.environment[0].name.as_str(), spec.environment[0].value.as_str()), ("A", "b c"));
    assert_eq!(settings.policy().ceiling(Limit::MemoryMax), Some(4 << 30));
    assert_eq!((settings.policy.runtime_max_usec, settings.policy.max_sessions), (7_200_000_000, 100));
    assert_eq!(settings.pull, PullPolicy::Always);
    assert_eq!((settings.ended_objects(), settings.ended_records()), (Duration::from_secs(90), 5));
    assert!(settings.daemon_reload_always());
}

#[test]
fn an_image_of_sessions_outranks_that_of_the_kind() {
    let settings = parse("[session]\nImage = \"r.example/b\"\n[images]\nNative = \"r.example/a\"\n").unwrap();
    assert_eq!(plain_session(&settings).image, "r.example/b");
}

#[test]
fn problems_name_place_key_and_remedy() {
    for (text, expected) in [
        ("[session]\nMemoryMx = 1\n", "2:1: session.MemoryMx: no such key, did you mean MemoryMax"),
        ("[sesion]\n", "1:2: [sesion]: no such table, did you mean session"),
        ("[session]\n  Network = \"lan\"\n", "2:3: session.Network: \"lan\" is none of private, none, host"),
        ("[session]\nGamepads = 1\n", "2:1: session.Gamepads: is integer, expected true or false"),
        ("[session]\nLibrary = 1.5\n", "2:1: session.Library: is float, expected a string"),
        ("[session]\nTitle = \"x\"\n", "2:1: session.Title: no such key, expected one of"),
        ("[ceilings]\nMaxSessions = 0\n", "2:1: ceilings.MaxSessions: expected a whole number from 1 to 1000"),
        ("[ceilings]\nCPUWeight = 5\n", "2:1: ceilings.CPUWeight: no such key"),
        ("[images]\nPull = \"often\"\n", "2:1: images.Pull: \"often\" is none of missing, always, never"),
        ("[images]\nNative = \"a b\"\n", "2:1: images.Native: \"a b\" is not an image name"),
        (
            "[retention]\nEndedObjects = \"2d\"\n",
            "2:1: retention.EndedObjects: is 172800 s long, expected 0 to 86400 s",
        ),
        ("[images]\nDisplay = \"\"\n", "2:1: images.Display: is empty"),
        ("[stream]\nPorts = \"2-1\"\n", "2:1: stream.Ports: \"2-1\" is no range of ports"),
        ("[stream]\nPorts = 80\n", "2:1: stream.Ports: \"80\" is no range of ports"),
        ("[stream]\nPorts = \"50000-40000\"\n", "is no range of ports, expected such as \"40000-40100\""),
        ("[stream]\nAddresses = []\n", "2:1: stream.Addresses: is empty"),
        ("[stream]\nAddresses = [\"auto\", \"::1\"]\n", "\"auto\" is no IP address"),
        ("[stream]\nAddresses = [\"0.0.0.0\"]\n", "is no address of a host"),
        ("[stream]\nPublicAddress = \"127.0.0.1\"\n", "is the loopback address"),
        ("[stream]\nMaxBitrate = \"20m\"\n", "2:1: stream.MaxBitrate: \"20m\" is no bit rate"),
        ("[stream]\nMaxBitrate = 99999\n", "expected such as \"20M\" within 100000 and 1000000000"),
        ("[stream]\nEncoder = \"h265\"\n", "\"h265\" is none of auto, nvenc"),
        ("[stream]\nGamepads = 9\n", "expected a whole number from 0 to 8"),
        ("[stream]\nports = 40000\n", "2:1: stream.ports: no such key, did you mean Ports"),
        ("[systemd]\nDaemonReload = true\n", "2:1: systemd.DaemonReload: is boolean, expected a string"),
        ("[session]\nTasksMax = -1\n", "2:1: session.TasksMax: \"-1\" is not"),
        ("[session]\nCPUQuota = \"50%\"\nCPUQuotaPerSecUSec = 1000000\n", "stands again in line"),
    ] {
        let problem = one_problem(text);
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn a_default_above_its_ceiling_is_a_problem() {
    let text = "[session]\nMemoryMax = \"8G\"\n[ceilings]\nMemoryMax = \"4G\"\n";
    assert!(
        one_problem(text).starts_with("2:1: session.MemoryMax: is above ceilings.MemoryMax"),
        "{}",
        one_problem(text)
    );
    let text = "[session]\nRuntimeMaxUSec = \"infinity\"\n[ceilings]\nRuntimeMaxUSec = \"1h\"\n";
    assert!(one_problem(text).contains("above ceilings.RuntimeMaxUSec"));
    assert!(parse("[session]\nMemoryMax = \"4G\"\n[ceilings]\nMemoryMax = \"4G\"\n").is_ok());
}

#[test]
fn every_key_of_every_table_is_checked() {
    for table in schema::TABLES {
        for key in schema::keys(table).unwrap() {
            let problem = one_problem(&format!("[{table}]\n{key} = 1979-05-27\n"));
            assert!(problem.starts_with(&format!("2:1: {table}.{key}: ")), "{problem}");
        }
    }
}

/// Three directories, as on a host.
struct Host(tempfile::TempDir);

impl Host {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn directories(&self) -> Vec<PathBuf> {
        ["vendor", "etc", "user"].map(|name| self.0.path().join(name)).to_vec()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn no_file_gives_the_built_in_settings() {
    assert_eq!(Settings::load(&Host::new().directories()), Ok(Settings::default()));
}

#[test]
fn directories_and_fragments_count_in_their_order() {
    let host = Host::new();
    host.write("vendor/runner.toml", "[ceilings]\nMaxSessions = 1\n[retention]\nEndedRecords = 1\n");
    host.write("vendor/runner.toml.d/10-a.toml", "[ceilings]\nMaxSessions = 2\n");
    host.write("etc/runner.toml.d/20-b.toml", "[ceilings]\nMaxSessions = 4\n");
    host.write("etc/runner.toml.d/10-a.toml", "[ceilings]\nMaxSessions = 3\n");
    host.write("etc/runner.toml.d/30-c.toml~", "not TOML");
    let settings = Settings::load(&host.directories()).unwrap();
    assert_eq!((settings.policy.max_sessions, settings.ended_records()), (4, 1));
    host.write("user/runner.toml", "[ceilings]\nMaxSessions = 5\n");
    assert_eq!(Settings::load(&host.directories()).unwrap().policy.max_sessions, 5);
}

#[test]
fn problems_of_all_files_come_at_once() {
    let host = Host::new();
    host.write("vendor/runner.toml", "[session]\nTasksMax = \"many\"\n");
    host.write("etc/runner.toml", "[session\n");
    host.write("etc/runner.toml.d/1.toml", [0xff, 0xfe]);
    host.write("user/runner.toml", "[session]\nTasksMax = 100\nImage = 5\n[nothing]\n");
    fs::create_dir_all(host.0.path().join("user/runner.toml.d/2.toml")).unwrap();
    let problems = Settings::load(&host.directories()).unwrap_err();
    let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for expected in [
        "vendor/runner.toml:2:1: session.TasksMax",
        "etc/runner.toml:1:",
        "1.toml: is not UTF-8",
        "user/runner.toml:3:1: session.Image",
        "user/runner.toml:4:2: [nothing]",
        "2.toml: is not a regular file",
    ] {
        assert!(text.contains(expected), "{expected} not in\n{text}");
    }
}

#[test]
fn the_table_stream_says_where_viewers_come_in() {
    let settings = parse(
        "[images]\nDisplay = \"r.example/d\"\n[stream]\nPorts = \"40000-40100\"\nAddresses = [\"192.0.2.7\", \"2001:db8::1\"]\n\
         PublicAddress = \"203.0.113.7\"\nMaxBitrate = \"20M\"\nEncoder = \"vp8\"\nGamepads = 2\n",
    );
    let settings = settings.unwrap();
    let address = |text: &str| text.parse().unwrap();
    let expected = StreamSettings {
        ports: Some(40_000..=40_100),
        addresses: Addresses::These(vec![address("192.0.2.7"), address("2001:db8::1")]),
        public_address: Some(address("203.0.113.7")),
    };
    assert_eq!(settings.stream, expected);
    let policy = &settings.policy.stream;
    assert_eq!((policy.image.as_str(), policy.encoder.as_str()), ("r.example/d", "vp8"));
    assert_eq!((policy.max_bitrate, policy.gamepads), (Some(20_000_000), 2));
    assert_eq!(parse("[stream]\nPorts = 40000\n").unwrap().stream.ports, Some(40_000..=40_000));
}
