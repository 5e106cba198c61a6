//! The settings of the sound server's programs.
//!
//! `PipeWire`'s are whole, so that they name the modules that the image has, and nothing that the image's packages bring
//! is loaded beside them. `WirePlumber`'s scripts and settings belong together: those are its own, but for what is said
//! here.

use crate::audio::packet::{FRAMES, RATE};
use std::path::{Path, PathBuf};

/// Where `PipeWire`'s programs are told to look for theirs, below the directory of the settings.
const PIPEWIRE: &str = "pipewire";
/// There is no bus in the container.
const WIREPLUMBER: &str = "\
context.properties = { support.dbus = false }
wireplumber.profiles = { policy = { support.dbus = disabled } }
";
/// What no program that plays may say of its streams: each names a library, an address in memory or a file that is written.
/// Of all filter graphs this is the first; what loads them is not in the image.
const STREAM_SAYS_NOT: [&str; 4] =
    ["adapt.follower.node", "audio.adapt.converter", "audioconvert.filter-graph", "debug.wav-path"];
/// What it may not say of itself: the socket that the server connects to for it.
const CLIENT_SAYS_NOT: [&str; 1] = ["remote.name"];
/// The server. It works in steps of one packet, so that each step makes one. What a game plays to is the pipe; the clock of
/// other nodes is the driver's.
const SERVER: &str = r#"context.properties = {
    core.daemon = true
    core.name = pipewire-0
    link.max-buffers = 16
    support.dbus = false
    default.clock.rate = @rate@
    default.clock.quantum = @frames@
    default.clock.min-quantum = @frames@
    default.clock.max-quantum = @frames@
    clock.power-of-two-quantum = false
}
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-spa-node-factory }
    { name = libpipewire-module-client-node }
    { name = libpipewire-module-access }
    { name = libpipewire-module-adapter }
    { name = libpipewire-module-link-factory }
    {
        name = libpipewire-module-pipe-tunnel
        args = {
            tunnel.mode = sink
            pipe.filename = "@pipe@"
            node.name = "@sink@"
            node.description = "Game"
            audio.format = S16LE
            audio.rate = @rate@
            audio.position = [ FL FR ]
        }
    }
]
context.objects = [
    {
        factory = spa-node-factory
        args = {
            factory.name = support.node.driver
            node.name = Dummy-Driver
            node.group = pipewire.dummy
            node.sync-group = sync.dummy
            priority.driver = 200000
        }
    }
]
"#;
/// What speaks with the games. The clocks of virtual machines are late, so that a game gets larger buffers there.
const PULSE: &str = r#"context.properties = {
    support.dbus = false
}
context.spa-libs = {
    audio.convert.* = audioconvert/libspa-audioconvert
    support.* = support/libspa-support
}
context.modules = [
    { name = libpipewire-module-protocol-native }
    { name = libpipewire-module-client-node }
    { name = libpipewire-module-adapter }
    { name = libpipewire-module-metadata }
    { name = libpipewire-module-protocol-pulse }
]
pulse.properties = {
    server.address = [ "unix:native" ]
    pulse.allow-module-loading = false
}
pulse.properties.rules = [
    {
        matches = [ { cpu.vm.name = !null } ]
        actions = { update-props = { pulse.min.quantum = 1024/48000 } }
    }
]
pulse.rules = [
@client@
]
stream.rules = [
@stream@
]
"#;
/// Takes properties away from whatever it is asked about: any property is either there or not.
const RULE: &str = "    {
        matches = [ { node.name = null } { node.name = !null } ]
        actions = { update-props = {
@taken@
        } }
    }
";

/// Where `PipeWire`'s settings are, below the directory of the settings.
pub(super) fn of_pipewire(settings: &Path) -> PathBuf {
    settings.join(PIPEWIRE)
}

/// The files with their texts, below the directory of the settings. `sink`: what games play into; `pipe`: where it goes.
pub(super) fn files(sink: &str, pipe: &Path) -> [(PathBuf, String); 3] {
    let pipewire = Path::new(PIPEWIRE);
    [
        (pipewire.join("pipewire.conf"), server(sink, pipe)),
        (pipewire.join("pipewire-pulse.conf"), pulse()),
        (PathBuf::from("wireplumber/wireplumber.conf.d/dillinger.conf"), WIREPLUMBER.to_owned()),
    ]
}

fn server(sink: &str, pipe: &Path) -> String {
    let numbers = SERVER.replace("@rate@", &RATE.to_string()).replace("@frames@", &FRAMES.to_string());
    numbers.replace("@sink@", sink).replace("@pipe@", &pipe.display().to_string())
}

fn pulse() -> String {
    PULSE.replace("@client@\n", &without(&CLIENT_SAYS_NOT)).replace("@stream@\n", &without(&STREAM_SAYS_NOT))
}

fn without(properties: &[&str]) -> String {
    let taken: Vec<_> = properties.iter().map(|name| format!("            {name} = null")).collect();
    RULE.replace("@taken@", &taken.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::image::MODULES;
    use super::*;

    /// The settings of `PipeWire`'s two programs.
    fn whole() -> [String; 2] {
        let [(_, server), (_, pulse), _] = files("game-sink", Path::new("/run/display/config/sound"));
        [server, pulse]
    }

    #[test]
    fn the_image_has_what_the_settings_name() {
        let words: Vec<_> = whole().iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect();
        let named = |word: &&String| word.starts_with("libpipewire-module-") || word.contains("/libspa-");
        let named: Vec<_> = words.iter().filter(named).collect();
        assert_eq!(named.len(), 8 + 5 + 4);
        for name in named {
            assert!(MODULES.contains(&format!("/{name}.so\n")), "{name}");
        }
    }

    #[test]
    fn brackets_are_closed_and_nothing_is_left_open() {
        for text in whole() {
            assert!(!text.contains('@'), "{text}");
            for (open, close) in [('{', '}'), ('[', ']')] {
                assert_eq!(text.matches(open).count(), text.matches(close).count(), "{text}");
            }
        }
    }

    #[test]
    fn a_program_that_plays_loads_nothing() {
        let [_, pulse] = whole();
        assert!(pulse.contains("\n    pulse.allow-module-loading = false\n"), "{pulse}");
        let (_, rules) = pulse.split_once("pulse.rules").unwrap();
        for name in CLIENT_SAYS_NOT.iter().chain(&STREAM_SAYS_NOT) {
            assert!(rules.contains(&format!(" {name} = null\n")), "{name}: {rules}");
        }
    }

    #[test]
    fn the_pipe_is_where_it_is_read() {
        let [server, _] = whole();
        assert!(server.contains("pipe.filename = \"/run/display/config/sound\""), "{server}");
        assert!(server.contains("node.name = \"game-sink\""), "{server}");
    }
}
