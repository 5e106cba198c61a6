//! What the writer promises, checked without the generator.

use super::*;
use proptest::prelude::*;

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn exec(words: &[&str]) -> String {
    Value::exec(&strings(words)).unwrap().as_str().to_owned()
}

/// Sections with their keys and values, by the rules of systemd.syntax(7).
fn read(text: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut entries = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        assert!(!line.ends_with('\\'), "{line:?} goes on");
        assert!(!line.contains(|c: char| c.is_ascii_control()), "{line:?}");
        if let Some(name) = line.strip_prefix('[') {
            name.strip_suffix(']').unwrap().clone_into(&mut section);
        } else {
            let (key, value) = line.split_once('=').unwrap();
            entries.push((section.clone(), key.to_owned(), value.to_owned()));
        }
    }
    entries
}

#[test]
fn words_are_quoted_for_both_readers() {
    let cases = [
        ("game", "game"),
        ("/usr/games/chocolate-doom", "/usr/games/chocolate-doom"),
        ("-nosound", "-nosound"),
        ("", "%i"),
        (";", "%i;"),
        ("%i", "\"%%i\""),
        ("%n", "\"%%n\""),
        ("100%", "\"100%%\""),
        ("$HOME", "\"$$HOME\""),
        ("$$", "\"$$$$\""),
        ("${X}", "\"$${X}\""),
        ("a b", "\"a b\""),
        ("a\"b", "\"a\\\"b\""),
        ("it's", "\"it's\""),
        ("C:\\x", "\"C:\\\\x\""),
        ("a\\", "\"a\\\\\""),
        ("a\nb", "\"a\\nb\""),
        ("\r\t", "\"\\r\\t\""),
        ("\u{1}\u{7f}", "\"\\x01\\x7f\""),
        ("\u{2028}", "\"\u{2028}\""),
        ("\u{feff}", "\"\u{feff}\""),
        ("#x", "\"#x\""),
    ];
    for (text, expected) in cases {
        assert_eq!(exec(&[text]), expected, "{text:?}");
    }
    assert_eq!(exec(&["a", "", "b c"]), "a %i \"b c\"");
}

#[test]
fn what_cannot_be_carried_is_named() {
    let cases = [
        ("a\0", "U+0000 at byte 1 cannot be carried: an argument ends at a NUL"),
        ("\u{80}", "U+0080 at byte 0 cannot be carried: Podman's generator turns it into a byte that is not UTF-8"),
        ("\u{fffe}", "U+FFFE at byte 0 cannot be carried: systemd drops lines with Unicode noncharacters"),
        ("\u{e9}\u{fdd0}", "U+FDD0 at byte 2 cannot be carried: systemd drops lines with Unicode noncharacters"),
        ("\u{10ffff}", "U+10FFFF at byte 0 cannot be carried: systemd drops lines with Unicode noncharacters"),
    ];
    for (text, expected) in cases {
        assert_eq!(Value::exec(&strings(&[text])).unwrap_err().to_string(), expected);
        assert!(Value::environment("X", text).is_err(), "{text:?}");
    }
    assert_eq!(Value::exec(&[]).unwrap_err().to_string(), "a command must be at least one argument");
}

#[test]
fn the_longest_argument_is_carried_and_one_more_byte_is_not() {
    assert!(Value::exec(&["a".repeat(ARGUMENT_MAX)]).is_ok());
    let error = Value::exec(&["a".repeat(ARGUMENT_MAX + 1)]).unwrap_err();
    assert_eq!(error.to_string(), "an argument has 131072 bytes, at most 131071 can be carried");
    assert!(Value::environment("N", &"a".repeat(ARGUMENT_MAX - 2)).is_ok());
    assert!(Value::environment("N", &"a".repeat(ARGUMENT_MAX - 1)).is_err());
}

#[test]
fn a_command_that_systemd_would_not_read_is_refused() {
    let mut file = UnitFile::new();
    for _ in 0..8 {
        file.add("Container", "Environment", Value::environment("N", &"\u{1}".repeat(32_000)).unwrap());
    }
    assert!(file.render().is_ok());
    file.add("Container", "Exec", Value::exec(&["\u{1}".repeat(32_000)]).unwrap());
    assert!(matches!(file.render(), Err(EscapeError::TooLong { limit: LINE_MAX, .. })));
}

#[test]
fn variables_have_names_that_podman_takes_as_they_are() {
    assert_eq!(Value::environment("NAME", "a b").unwrap().as_str(), "\"NAME=a b\"");
    assert_eq!(Value::environment("NAME", "").unwrap().as_str(), "NAME=");
    assert!(Value::environment("NAME", "a\r\nb").is_err());
    assert_eq!(Value::environment("NAME", "\n\r").unwrap().as_str(), "\"NAME=\\n\\r\"");
    for name in ["", "A=B", " A", "\tA", "A\0"] {
        assert!(Value::environment(name, "x").is_err(), "{name:?}");
    }
}

#[test]
fn mounts_use_the_key_that_carries_them() {
    let bind = |source: &str, target: &str, read_only| {
        let mount = Mount::Bind { source: source.to_owned(), target: target.to_owned(), read_only };
        Setting::mount(&mount).map(|setting| format!("{}={}", setting.key(), setting.value().as_str()))
    };
    assert_eq!(bind("/a", "/b", true).unwrap(), "Mount=type=bind,source=/a,target=/b,ro=true");
    assert_eq!(bind("/a", "/b c", false).unwrap(), "Mount=\"type=bind,source=/a,target=/b c\"");
    assert_eq!(bind("/a,b", "/b", false).unwrap(), "Mount=\"type=bind,\\\"source=/a,b\\\",target=/b\"");
    assert_eq!(bind("/a b", "/b", false).unwrap(), "PodmanArgs=\"--mount=type=bind,source=/a b,target=/b\"");
    assert_eq!(bind("/a%n", "/b", false).unwrap(), "PodmanArgs=\"--mount=type=bind,source=/a%%n,target=/b\"");
    for (source, target) in [("a", "/b"), ("/a/../b", "/b"), ("/a", "/b/.."), ("", "/b"), ("/a\r\n", "/b"), ("/a", "")]
    {
        assert!(bind(source, target, false).is_err(), "{source:?} {target:?}");
    }
    assert!(bind(&format!("/{}", "a".repeat(PATH_MAX)), "/b", false).is_err());
}

#[test]
fn volumes_have_names_that_podman_takes() {
    let volume = |name: &str| {
        let mount = Mount::Volume { name: name.to_owned(), target: "/library".to_owned(), read_only: true };
        Setting::mount(&mount).map(|setting| format!("{}={}", setting.key(), setting.value().as_str()))
    };
    let own = "type=volume,source=dillinger_library,target=/library,ro=true";
    assert_eq!(volume("dillinger_library").unwrap(), format!("Mount={own}"));
    assert_eq!(volume("x.volume").unwrap(), "PodmanArgs=--mount=type=volume,source=x.volume,target=/library,ro=true");
    for name in ["", ".x", "-x", "a/b", "a b", "a,b", "\u{e9}", &"a".repeat(256)] {
        assert!(volume(name).is_err(), "{name:?}");
    }
}

#[test]
fn working_directories_use_the_key_that_carries_them() {
    let shown = |path: &str| Setting::working_dir(path).map(|s| format!("{}={}", s.key(), s.value().as_str()));
    assert_eq!(shown("/library/doom").unwrap(), "WorkingDir=/library/doom");
    assert_eq!(shown("/library/My Game\\").unwrap(), "PodmanArgs=\"--workdir=/library/My Game\\\\\"");
    assert_eq!(shown("/library/\"x\"").unwrap(), "PodmanArgs=\"--workdir=/library/\\\"x\\\"\"");
    assert!(shown("library").is_err());
}

#[test]
fn words_options_and_images_cannot_become_anything_else() {
    for text in ["", "-v", "--privileged", "a b", "a\n", "a%n", "a$b", "a\"", "a;b", "\u{e9}", "a\\", "[a]", "a#"] {
        assert!(Value::word(text).is_err(), "{text:?}");
    }
    assert_eq!(Value::word("nvidia.com/gpu=0").unwrap().as_str(), "nvidia.com/gpu=0");
    assert!(Value::image("localhost/x.image").is_err());
    assert!(Value::image("localhost/x.build").is_err());
    assert!(Value::image("localhost/x.image:latest").is_ok());
    for option in ["", "-v", "--", "x", "--=x", "--a b", "--A=x"] {
        assert!(Value::podman_args(&strings(&[option])).is_err(), "{option:?}");
    }
    assert_eq!(Value::podman_args(&strings(&["--tz=local", "--no-hosts"])).unwrap().as_str(), "--tz=local --no-hosts");
}

#[test]
fn commands_of_systemd_begin_with_a_path() {
    let shown = |words: &[&str]| Value::service_exec(&strings(words)).map(|value| value.as_str().to_owned());
    assert_eq!(shown(&["/bin/x y", "", ";", "\u{80}", "%n"]).unwrap(), "-\"/bin/x y\" \"\" \";\" \"\u{80}\" \"%%n\"");
    for program in ["", "x", "-/bin/x", "/bin/", "/bin/$x", "/bin/\"x", "/bin/\\x", "/bin/\nx"] {
        assert!(shown(&[program]).is_err(), "{program:?}");
    }
}

#[test]
fn numbers_have_their_units() {
    assert_eq!(Value::limit(u64::MAX).as_str(), "infinity");
    assert_eq!(Value::limit(2_147_483_648).as_str(), "2147483648");
    assert_eq!(Value::usec(1_500_000).as_str(), "1500000us");
    assert_eq!(Value::usec(u64::MAX).as_str(), "infinity");
    assert_eq!(Value::bool(false).as_str(), "false");
    assert_eq!(Value::number(7).as_str(), "7");
    for (usec, percent) in
        [(500_000, "50.00%"), (2_000_000, "200.00%"), (1, "0.01%"), (123_456, "12.35%"), (u64::MAX, "")]
    {
        assert_eq!(Value::cpu_quota(usec).as_str(), percent);
    }
}

#[test]
fn descriptions_stay_on_one_line() {
    let shown = |text: &str| Value::description(text).as_str().to_owned();
    assert_eq!(shown("100% \"Fun\" [Service]"), "100%% \"Fun\" [Service]");
    assert_eq!(shown("a\n[Service]\r\nb\u{85}c\u{2028}d"), "a [Service]  b c d");
    assert_eq!(shown(" a \\ \\\u{a0}"), "a");
    assert_eq!(shown(&"\u{e9}".repeat(400)).len(), DESCRIPTION_MAX);
}

fn any_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\n",
        "\r",
        "\\",
        "\"",
        "'",
        "%",
        "$",
        ";",
        "#",
        "[Service]\n",
        "=",
        ",",
        " ",
        "\t",
        "\u{2028}",
        "\u{a0}",
        "a",
        "/",
    ]);
    let pieces = prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat());
    prop_oneof![pieces, any::<String>(), prop::collection::vec(prop::char::any(), 0..8).prop_map(String::from_iter)]
}

proptest! {
    #[test]
    fn a_file_has_the_keys_that_were_put_in(texts in prop::collection::vec(any_text(), 1..6)) {
        let mut file = UnitFile::new();
        let mut keys = vec![("Unit", "Description")];
        file.add("Unit", "Description", Value::description(&texts.concat()));
        for text in &texts {
            let path = format!("/{text}");
            let mount = Mount::Bind { source: path.clone(), target: path.clone(), read_only: false };
            for setting in [Setting::mount(&mount), Setting::working_dir(&path)].into_iter().flatten() {
                keys.push(("Container", setting.key()));
                file.add_setting(setting);
            }
            let option = format!("--annotation={text}");
            let values = [
                ("Environment", Value::environment("NAME", text)),
                ("Environment", Value::environment(text, "value")),
                ("PodmanArgs", Value::podman_args(&[option])),
                ("ContainerName", Value::word(text)),
                ("Image", Value::image(text)),
                ("Exec", Value::exec(&texts)),
            ];
            for (key, value) in values {
                if let Ok(value) = value {
                    keys.push(("Container", key));
                    file.add("Container", key, value);
                }
            }
        }
        keys.push(("Service", "ExecStopPost"));
        let last = Value::service_exec(&[vec!["/bin/x".to_owned()], texts].concat());
        file.add("Service", "ExecStopPost", last.unwrap_or(Value::constant("")));
        let entries = read(&file.render().unwrap());
        let found: Vec<(&str, &str)> = entries.iter().map(|(section, key, _)| (section.as_str(), key.as_str())).collect();
        prop_assert_eq!(found, keys);
    }
}
