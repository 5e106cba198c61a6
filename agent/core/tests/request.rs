//! Every key of a request: values that are taken, and values that are refused by the key's name.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use dillinger_runner_core::request::{KEYS, parse};
use dillinger_runner_core::value::{RawRequest, RawValue};
use support::{list, mounts, text};

/// Text keys: good values, bad values.
const TEXTS: &[(&str, &[&str], &[&str])] = &[
    ("Id", &["", "2F1C8A52-7D3B-4A43-9F50-0B9D6C1E4A77"], &["x", "../x", "2f1c8a527d3b4a439f500b9d6c1e4a7"]),
    ("GameId", &["", "a/b\n%"], &["a\0"]),
    ("Title", &["", "100% \"Fun\" [Service]\n"], &["a\0"]),
    ("Runner", &["native", "wine", "proton"], &["", "Native", "dosbox"]),
    ("RunnerVersion", &["", "9.0", "GE-Proton9-20"], &["\0", "../x", "a/b", "-a", ".a"]),
    ("Image", &["", "a", "r.example:5000/a/b@sha256:01"], &["-a", " a", "a b", "a\n", "a%", "ä"]),
    ("Executable", &["C:\\a.exe"], &["", "\0"]),
    ("WorkingDirectory", &["", "/", "/a b/%n"], &["a", "/a/../b", "/./a"]),
    ("Library", &["", "games", "/srv/games"], &["a/b", "-a", "a b", "/a/..", "./a"]),
    ("Prefix", &["", "/p"], &["p", "/../p"]),
    ("Saves", &["", "/s"], &["s", "~/s"]),
    ("AllowedCPUs", &["", "0", "0-3,8", "8191"], &["8192", "3-0", "a", "0,", " 0"]),
    ("Display", &["auto", "wayland", "x11", "stream", "none"], &["", "Wayland"]),
    ("Audio", &["auto", "pipewire", "pulse", "none"], &["", "alsa"]),
    ("IdleAction", &["keep", "pause", "stop"], &["", "kill"]),
    ("Network", &["private", "none", "host"], &["", "bridge"]),
    ("Kind", &["game", "install"], &["", "setup"]),
    ("InstallDirectory", &["", "a", "Games/My Game"], &["/a", "a/..", ".", "a:b", "a,b"]),
    ("WindowsVersion", &["", "win11", "winxp64"], &["xp", "Win10"]),
    ("VirtualDesktop", &["", "1280x720"], &["1280", "x720", "1x1", "9999x720"]),
    ("Dxvk", &["auto", "on", "off"], &["", "yes"]),
    ("Vkd3d", &["auto", "on", "off"], &["", "no"]),
    ("Hud", &["", "fps,frametimes", "scale=0.5"], &["fps;x", "a b", "%n"]),
    ("WineDebug", &["", "+seh,-all", "fixme-all"], &["+seh +x", "$a"]),
    ("Locale", &["", "de_DE.UTF-8", "C"], &["de DE", "../x"]),
    ("Synchronization", &["auto", "ntsync", "fsync", "esync", "none"], &["", "futex"]),
];

/// Number keys of type `t`: good values, bad values.
const NUMBERS: &[(&str, &[u64], &[u64])] = &[
    ("CPUQuotaPerSecUSec", &[10_000, u64::MAX], &[0, 9_999]),
    ("CPUWeight", &[1, 10_000, u64::MAX], &[0, 10_001]),
    ("MemoryHigh", &[4 << 20, u64::MAX], &[0, 1, u64::MAX - 1]),
    ("MemoryMax", &[4 << 20, u64::MAX], &[0, 1, u64::MAX - 1]),
    ("MemorySwapMax", &[0, u64::MAX], &[u64::MAX - 1]),
    ("TasksMax", &[8, u64::MAX], &[0, 7, 4_194_305]),
    ("IOWeight", &[1, 10_000, u64::MAX], &[0, 10_001]),
    ("IdleTimeoutUSec", &[0, 1_000_000, u64::MAX], &[1, 999_999]),
    ("RuntimeMaxUSec", &[0, 1_000_000, u64::MAX], &[1, 999_999]),
    ("TimeoutStopUSec", &[1_000_000, 3_600_000_000], &[0, 999_999, 3_600_000_001, u64::MAX]),
];

/// Number keys of type `u`: the range.
const SMALL: &[(&str, u32, u32)] = &[("Width", 16, 7680), ("Height", 16, 4320), ("RefreshRate", 1, 240)];

struct Row {
    key: &'static str,
    good: Vec<RawValue>,
    bad: Vec<RawValue>,
}

fn others() -> Vec<Row> {
    let long = "x".repeat(131_072);
    let many = vec!["x"; 4097];
    let mount = |target: &str| mounts(&[("/a", target, "")]);
    let row = |key, good, bad| Row { key, good, bad };
    vec![
        row(
            "Command",
            vec![list(&["a"]), list(&["a", "", "\n"])],
            vec![list(&[]), list(&["", "a"]), list(&["a\0"]), list(&["a", &long]), list(&many)],
        ),
        row("Arguments", vec![list(&[]), list(&["", "%n"])], vec![list(&["\0"]), list(&many)]),
        row(
            "Environment",
            vec![list(&[]), list(&["A=", "B==\n"])],
            vec![list(&["A"]), list(&["=a"]), list(&["A B=c"]), list(&["A=1", "A=2"]), list(&["A=\0"])],
        ),
        row(
            "Gpus",
            vec![list(&["auto"]), list(&["none"]), list(&["nvidia.com/gpu=0", "a.b/c=all"])],
            vec![list(&["auto", "none"]), list(&["0"]), list(&["a/b=c d"]), list(&["/b=c"])],
        ),
        row(
            "Mounts",
            vec![mounts(&[]), mounts(&[("/a", "/b", "ro"), ("/a", "/c", "rw")])],
            vec![
                mounts(&[("a", "/b", "")]),
                mounts(&[("/a", "b", "")]),
                mounts(&[("/a", "/b", "z")]),
                mounts(&[("/a", "/b", ""), ("/c", "/b/", "")]),
                mount("/"),
                mount("/proc/sys"),
                mount("/library"),
                mount("/saves/x"),
                mount("/run/x"),
            ],
        ),
    ]
}

fn switches() -> Vec<Row> {
    let row = |key, bad| Row { key, good: vec![RawValue::Bool(true), RawValue::Bool(false)], bad: vec![bad] };
    vec![
        row("Clipboard", RawValue::U32(1)),
        row("Gamepads", text("yes")),
        row("FrameOnInput", text("no")),
        row("FillDisplay", text("no")),
        row("UserNamespaces", text("yes")),
    ]
}

fn of_windows_games() -> Vec<Row> {
    let row = |key, good, bad| Row { key, good, bad };
    vec![
        row(
            "DllOverrides",
            vec![list(&[]), list(&["d3d9=n,b", "*dinput8=n", "mshtml="])],
            vec![list(&["d3d9"]), list(&["d3d9=x"]), list(&["=n"]), list(&["a;b=n"]), list(&["a=n", "A=b"])],
        ),
        row(
            "Registry",
            vec![mounts(&[]), mounts(&[("HKCU\\Software\\A", "", "x"), ("HKLM\\A", "b", "dword:1f")])],
            vec![
                mounts(&[("A", "b", "c")]),
                mounts(&[("HKCU\\A", "b", "hex:xyz")]),
                mounts(&[("HKCU\\A\n", "b", "c")]),
            ],
        ),
        row(
            "Winetricks",
            vec![list(&[]), list(&["corefonts", "win10"])],
            vec![list(&["-q"]), list(&["a b"]), list(&[""])],
        ),
        row("SnapshotPrefix", vec![RawValue::Bool(true)], vec![text("yes")]),
    ]
}

/// The size of a picture is even.
fn odd(key: &str, last: u32) -> Option<RawValue> {
    (key != "RefreshRate").then_some(RawValue::U32(last - 1))
}

fn rows() -> Vec<Row> {
    let texts = TEXTS.iter().map(|(key, good, bad)| {
        let values = |list: &[&str]| list.iter().map(|value| text(value)).collect();
        Row { key, good: values(good), bad: values(bad) }
    });
    let numbers = NUMBERS.iter().map(|(key, good, bad)| {
        let values = |list: &[u64]| list.iter().map(|value| RawValue::U64(*value)).collect();
        Row { key, good: values(good), bad: values(bad) }
    });
    let small = SMALL.iter().map(|(key, first, last)| Row {
        key,
        good: [*first, *last].map(RawValue::U32).to_vec(),
        bad: [first - 1, last + 1].map(RawValue::U32).into_iter().chain(odd(key, *last)).collect(),
    });
    texts.chain(numbers).chain(small).chain(others()).chain(switches()).chain(of_windows_games()).collect()
}

fn only(key: &str, value: &RawValue) -> RawRequest {
    RawRequest::from([(key.to_owned(), value.clone())])
}

#[test]
fn every_key_has_its_row() {
    let mut rows: Vec<&str> = rows().iter().map(|row| row.key).collect();
    let mut keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    rows.sort_unstable();
    keys.sort_unstable();
    assert_eq!(rows, keys);
}

#[test]
fn good_values_are_taken_and_bad_ones_are_refused_by_name() {
    for Row { key, good, bad } in rows() {
        for value in good {
            assert!(parse(&only(key, &value)).is_ok(), "{key} {value:?}: {:?}", parse(&only(key, &value)));
        }
        for value in bad {
            let problems = parse(&only(key, &value)).err();
            let shown = value.display().chars().take(40).collect::<String>();
            let named: Vec<String> =
                problems.iter().flat_map(|found| found.iter().map(|one| one.key.clone())).collect();
            assert_eq!(named, [key], "{shown:?}");
        }
    }
}

#[test]
fn a_message_is_never_as_long_as_what_it_refuses() {
    for (key, signature) in KEYS {
        if *signature == "s" {
            let found = parse(&only(key, &text(&"x".repeat(200_000)))).unwrap_err();
            assert!(found.to_string().len() < 600, "{key}");
        }
    }
}
