//! Programs that speak the protocol, as they are: `pulseaudio-utils`, ALSA's plugin and `GStreamer`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(unreachable_pub)]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use support::tone::{PITCH, assert_tone, tone};
use support::{PIECE, Sound};

/// A program of this server.
fn program(sound: &Sound, name: &str) -> Command {
    let mut command = Command::new(name);
    let home = sound.directory();
    command.env("PULSE_SERVER", format!("unix:{}", sound.socket().display()));
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("LC_ALL", "C").env_remove("PULSE_COOKIE");
    command
}

/// What a program prints, which must end well.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What a program says that fails.
fn refused(sound: &Sound, arguments: &[&str]) -> String {
    let output = program(sound, "pactl").args(arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

/// A tone of half a second in a file, as this format has it.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the tone is within the format")]
fn raw(path: &Path, format: &str, rate: u32, channels: usize) {
    let value = |n: u32| 0.5 * (std::f64::consts::TAU * PITCH * f64::from(n) / f64::from(rate)).sin();
    let sample = |value: f64| {
        let wide = (value * 2_147_483_647.0).round() as i32;
        match format {
            "u8" => vec![((wide >> 24) + 128) as u8],
            "s16be" => wide.to_be_bytes()[..2].to_vec(),
            "s24le" => wide.to_le_bytes()[1..].to_vec(),
            "s24be" => wide.to_be_bytes()[..3].to_vec(),
            "s24-32le" => (wide >> 8).to_le_bytes().to_vec(),
            "s24-32be" => (wide >> 8).to_be_bytes().to_vec(),
            "s32le" => wide.to_le_bytes().to_vec(),
            "s32be" => wide.to_be_bytes().to_vec(),
            "float32le" => (value as f32).to_le_bytes().to_vec(),
            "float32be" => (value as f32).to_be_bytes().to_vec(),
            _ => wide.to_le_bytes()[2..].to_vec(),
        }
    };
    let bytes: Vec<u8> = (0..rate / 2).flat_map(|n| sample(value(n)).repeat(channels)).collect();
    std::fs::write(path, bytes).unwrap();
}

/// A tone of a second in a file that says what it has.
fn wav(path: &Path) {
    let data = tone(44_100, 2, 44_100);
    let length = u32::try_from(data.len()).unwrap();
    let mut file = std::fs::File::create(path).unwrap();
    let numbers = |values: &[u32]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let head = [
        &b"RIFF"[..],
        &numbers(&[36 + length]),
        b"WAVEfmt ",
        &numbers(&[16, 0x2_0001, 44_100, 176_400, 0x10_0004]),
        b"data",
        &numbers(&[length]),
    ];
    file.write_all(&head.concat()).unwrap();
    file.write_all(&data).unwrap();
}

#[test]
fn pacat_is_heard_in_every_format_and_rate_and_with_every_number_of_channels() {
    let sound = Sound::start();
    let file = sound.directory().join("tone");
    let formats = [
        ("u8", 0.01),
        ("s16le", 0.0005),
        ("s16be", 0.0005),
        ("s24le", 0.0005),
        ("s24be", 0.0005),
        ("s24-32le", 0.0005),
        ("s24-32be", 0.0005),
        ("s32le", 0.0005),
        ("s32be", 0.0005),
        ("float32le", 0.0005),
        ("float32be", 0.0005),
    ];
    let formats = formats.into_iter().map(|(format, noise)| (format, 48_000, 2, noise));
    let rates = [8000, 22_050, 44_100, 44_101, 96_000, 384_000].into_iter().map(|rate| ("s16le", rate, 2, 0.0005));
    let channels = [1, 3, 6, 8, 32].into_iter().map(|channels| ("s16le", 48_000, channels, 0.0005));
    for (format, rate, channels, noise) in formats.chain(rates).chain(channels) {
        raw(&file, format, rate, channels);
        let arguments = [format!("--format={format}"), format!("--rate={rate}"), format!("--channels={channels}")];
        let samples = sound.undisturbed(|| {
            output(program(&sound, "pacat").arg("--raw").args(&arguments).arg(&file));
        });
        for channel in 0..2 {
            // All channels have the tone, so that all of it is on both sides.
            assert_tone(&samples, channel, 0.5, 0.5, noise, &arguments.join(" "));
        }
    }
}

#[test]
fn paplay_and_alsa_and_gstreamer_play_a_file() {
    let sound = Sound::start();
    let file = sound.directory().join("tone.wav");
    let path = file.to_str().unwrap();
    wav(&file);
    std::fs::write(sound.directory().join(".asoundrc"), "pcm.!default { type pulse }\n").unwrap();
    let location = format!("location={path}");
    let programs: [&[&str]; 3] = [
        &["paplay", path],
        &["aplay", "-q", path],
        &["gst-launch-1.0", "-q", "filesrc", &location, "!", "wavparse", "!", "pulsesink"],
    ];
    for arguments in programs {
        let samples = sound.undisturbed(|| {
            output(program(&sound, arguments[0]).args(&arguments[1..]));
        });
        assert_eq!(samples.len() % PIECE, 0);
        for channel in 0..2 {
            assert_tone(&samples, channel, 1.0, 0.5, 0.0005, arguments[0]);
        }
    }
}

#[test]
fn pactl_sees_and_sets_the_sink_and_is_refused_the_rest() {
    let sound = Sound::start();
    let pactl = |arguments: &[&str]| output(program(&sound, "pactl").args(arguments));
    let info = pactl(&["info"]);
    assert!(info.contains("Default Sink: game-sink\n") && info.contains("s16le 2ch 48000Hz"), "{info}");
    let sinks = pactl(&["list", "sinks"]);
    assert!(sinks.contains("Name: game-sink") && sinks.contains("Monitor Source: game-sink.monitor"), "{sinks}");
    assert_eq!(pactl(&["list", "short", "modules"]) + &pactl(&["list", "short", "sink-inputs"]), "");
    pactl(&["set-sink-volume", "game-sink", "50%"]);
    assert!(pactl(&["get-sink-volume", "@DEFAULT_SINK@"]).contains("50%"));
    pactl(&["set-sink-mute", "0", "toggle"]);
    assert_eq!(pactl(&["get-sink-mute", "game-sink"]), "Mute: yes\n");
    for arguments in ["load-module module-null-sink", "exit", "suspend-sink game-sink 1", "play-sample bell"] {
        let arguments: Vec<_> = arguments.split(' ').collect();
        assert_eq!(refused(&sound, &arguments), "Failure: Access denied", "{arguments:?}");
    }
    assert_eq!(refused(&sound, &["set-default-sink", "other"]), "Failure: No such entity");
    let mut subscribed = program(&sound, "pactl").arg("subscribe").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(subscribed.stdout.take().unwrap()).lines();
    let (told, hears) = mpsc::channel();
    let reader = std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| told.send(line)));
    // Until it listens: it is told nothing before.
    let changed = |line: &String| line == "Event 'change' on sink #0";
    while !hears.try_iter().any(|line| changed(&line)) {
        pactl(&["set-sink-mute", "0", "toggle"]);
    }
    subscribed.kill().unwrap();
    subscribed.wait().unwrap();
    drop(hears);
    let _ = reader.join();
}
