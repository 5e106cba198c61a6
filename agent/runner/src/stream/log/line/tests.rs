use super::*;

const UNIT: &str = "dillinger-session-0123.service";
const ID: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn entry(message: &[u8]) -> Entry {
    Entry {
        cursor: "c".to_owned(),
        timestamp_usec: 50,
        message: Some(message.to_vec()),
        priority: Some(6),
        comm: Some("doom".to_owned()),
        pid: Some(7),
        transport: Some("stdout".to_owned()),
        ..Entry::default()
    }
}

fn by(comm: Option<&str>, message: &str) -> Entry {
    Entry { comm: comm.map(str::to_owned), ..entry(message.as_bytes()) }
}

fn dropped(message: &str, timestamp_usec: u64) -> Entry {
    Entry {
        transport: Some("driver".to_owned()),
        message_id: Some(DROPPED_MESSAGE_ID.to_owned()),
        comm: Some("systemd-journal".to_owned()),
        dropped: Some(22545),
        timestamp_usec,
        ..entry(message.as_bytes())
    }
}

fn converter() -> Converter {
    Converter::new(1000, &[UNIT.to_owned()], 10, Some(100))
}

fn convert(entry: &Entry) -> String {
    let mut out = Vec::new();
    converter().write(entry, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_are_json() {
    let plain = |message: &str| {
        format!(
            "{{\"Timestamp\":50,\"Cursor\":\"c\",\"Priority\":6,\"Comm\":\"doom\",\"Pid\":7,\"Message\":{message}}}\n"
        )
    };
    for (message, expected) in [
        (b"hello".as_slice(), plain(r#""hello""#)),
        (b"", plain(r#""""#)),
        (br#"say "hi" \ there"#, plain(r#""say \"hi\" \\ there""#)),
        (b"a\nb\tc\x1b[0m\0", plain(r#""a\nb\tc\u001b[0m\u0000""#)),
        ("Käse \u{1f47e} \u{2028}".as_bytes(), plain("\"Käse \u{1f47e} \u{2028}\"")),
        (b"a\xffb\xc3", plain("\"a\u{fffd}b\u{fffd}\",\"Lossy\":true")),
    ] {
        assert_eq!(convert(&entry(message)), expected, "{message:?}");
    }
}

#[test]
fn missing_fields_are_left_out_and_the_priority_is_info() {
    let bare = Entry { message: Some(b"x".to_vec()), timestamp_usec: 1, ..Entry::default() };
    assert_eq!(convert(&bare), "{\"Timestamp\":1,\"Priority\":6,\"Message\":\"x\"}\n");
    assert_eq!(convert(&Entry { message: None, ..entry(b"") }), "");
}

#[test]
fn cut_and_split_messages_say_so() {
    let cut = convert(&Entry { truncated: true, ..entry(b"x") });
    assert!(cut.ends_with("\"Message\":\"x\",\"Truncated\":true}\n"), "{cut}");
    let split = convert(&Entry { line_break: Some("line-max".to_owned()), ..entry(b"x") });
    assert!(split.ends_with("\"Message\":\"x\",\"Continues\":true}\n"), "{split}");
    let last = convert(&Entry { line_break: Some("eof".to_owned()), ..entry(b"x") });
    assert!(last.ends_with("\"Message\":\"x\"}\n"), "{last}");
}

#[test]
fn noise_is_left_out_and_errors_stay() {
    let event = Entry {
        podman_event: Some("start".to_owned()),
        podman_id: Some(ID.to_owned()),
        ..by(Some("podman"), "container start")
    };
    let systemd = Entry { user_unit: Some(UNIT.to_owned()), ..by(Some("systemd"), "Started game") };
    let systemd_error = Entry { priority: Some(3), ..systemd.clone() };
    let error = "Error: OCI runtime error: crun: executable file `nope` not found in $PATH";
    for (entry, written) in [
        (by(Some("podman"), ID), Written::Nothing),
        (by(Some("exe"), ID), Written::Nothing),
        (by(Some("doom"), ID), Written::Output),
        (by(None, ID), Written::Output),
        (by(Some("podman"), "dillinger-session-0123"), Written::Nothing),
        (by(None, "dillinger-session-0123"), Written::Nothing),
        (by(Some("podman"), error), Written::Output),
        (by(Some("crun"), error), Written::Output),
        (by(Some("dillinger-runne"), "recorded the end"), Written::Nothing),
        (event, Written::Nothing),
        (systemd, Written::Nothing),
        (systemd_error, Written::Output),
        (Entry { probe: Some("p".to_owned()), ..by(None, "x") }, Written::Nothing),
    ] {
        assert_eq!(converter().write(&entry, &mut Vec::new()), written, "{entry:?}");
    }
}

#[test]
fn the_id_of_a_known_container_is_noise_also_from_a_process_that_is_gone() {
    let mut converter = converter();
    let event = Entry { podman_event: Some("create".to_owned()), podman_id: Some(ID.to_owned()), ..by(None, "x") };
    assert_eq!(converter.write(&event, &mut Vec::new()), Written::Nothing);
    assert_eq!(converter.write(&by(None, ID), &mut Vec::new()), Written::Nothing);
}

#[test]
fn dropped_messages_of_this_user_in_this_sessions_time_are_told() {
    let notice = "Suppressed 22545 messages from user@1000.service";
    let line = convert(&dropped(notice, 50));
    assert!(
        line.starts_with(
            "{\"Timestamp\":50,\"Cursor\":\"c\",\"Priority\":4,\"Message\":\"journald dropped 22545 messages"
        ),
        "{line}"
    );
    assert!(line.ends_with("\"Dropped\":22545}\n"), "{line}");
    let unnumbered = Entry { dropped: None, ..dropped(notice, 50) };
    let other = Entry { message_id: Some("ec387f577b844b8fa948f33cad9a75e6".to_owned()), ..dropped(notice, 50) };
    for entry in [
        dropped("Suppressed 22545 messages from user@1001.service", 50),
        dropped("Suppressed 22545 messages from ssh.service", 50),
        dropped(notice, 9),
        dropped(notice, 101),
        unnumbered,
        other,
    ] {
        assert_eq!(converter().write(&entry, &mut Vec::new()), Written::Nothing, "{entry:?}");
    }
}

#[test]
fn a_game_cannot_pretend_that_messages_were_dropped() {
    let forged =
        Entry { transport: Some("stdout".to_owned()), ..dropped("Suppressed 1 messages from user@1000.service", 50) };
    assert!(!convert(&forged).contains("\"Dropped\""));
}

#[test]
fn stems() {
    for (unit, expected) in [(UNIT, "dillinger-session-0123"), ("a.b.service", "a.b"), ("bare", "bare")] {
        assert_eq!(stem(unit), expected);
    }
}
