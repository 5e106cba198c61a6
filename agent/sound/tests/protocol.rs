//! What the server answers, and what it plays, to a client of another implementation.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

#[allow(unreachable_pub)]
mod support;

use pulseaudio::protocol::*;
use std::time::{Duration, Instant};
use stream::BufferAttr;
use support::client::{Client, params};
use support::tone::{assert_tone, heard, tone};
use support::{PIECE, Sound};

/// With this much it plays, and all that is sent fits.
fn attributes(prebuf: u32) -> BufferAttr {
    BufferAttr { pre_buffering: prebuf, ..BufferAttr::default() }
}

/// The same volume on both sides.
fn both(volume: Volume) -> ChannelVolume {
    let mut both = ChannelVolume::empty();
    both.push(volume);
    both.push(volume);
    both
}

#[test]
fn a_tone_is_written_with_its_pitch_and_level_and_its_drain_ends_when_it_was_played() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    for (rate, channels) in [(48_000, 2), (44_100, 1), (8000, 2)] {
        let samples = sound.undisturbed(|| {
            let stream = client.play(rate, channels, BufferAttr::default());
            assert_eq!((stream.sample_spec.sample_rate, stream.sink_name), (rate, Some(c"game-sink".to_owned())));
            let began = Instant::now();
            client.write(stream.channel, &tone(rate, channels.into(), rate / 2));
            client.drain(stream.channel);
            assert!(began.elapsed() >= Duration::from_millis(500));
            client.act(&Command::DeletePlaybackStream(stream.channel)).unwrap();
        });
        assert_eq!(samples.len() % PIECE, 0);
        for channel in 0..2 {
            assert_tone(&samples, channel, 0.5, 0.5, 0.0005, &rate.to_string());
        }
    }
}

#[test]
fn nothing_is_written_while_nothing_plays() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    let corked = PlaybackStreamParams {
        flags: stream::StreamFlags { start_corked: true, ..stream::StreamFlags::default() },
        ..params(48_000, 2, attributes(0))
    };
    let stream = client.create(corked).unwrap();
    client.write(stream.channel, &tone(48_000, 2, 480));
    let waits = client.play(48_000, 2, attributes(19_200));
    client.write(waits.channel, &tone(48_000, 2, 480));
    assert_eq!((client.sink().state, sound.written()), (SinkState::Idle, 0));
    client.cork(stream.channel, false);
    assert!(sound.until("a piece", |bytes| bytes.get(4).copied()) != 0, "it begins with the first sample");
}

#[test]
fn more_is_asked_for_as_it_is_played_and_an_end_of_sound_is_told() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    let attributes = BufferAttr { target_length: 19_200, minimum_request_length: 1920, ..attributes(9600) };
    let stream = client.play(48_000, 2, attributes);
    assert_eq!(stream.requested_bytes, 19_200);
    client.write(stream.channel, &tone(48_000, 2, 4800));
    client.event(|event| matches!(event, Command::Started(channel) if *channel == stream.channel).then_some(()));
    let mut wanted = 0;
    let offset = client.event(|event| match event {
        Command::Request(request) => {
            wanted += request.length;
            None
        }
        Command::Underflow(underflow) => Some(underflow.offset),
        _ => None,
    });
    assert_eq!((offset, wanted % 1920), (19_200, 0));
}

#[test]
fn latency_is_what_is_waiting_and_time_stands_still_while_it_is_corked() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    let stream = client.play(48_000, 2, attributes(1920));
    let before = client.latency(stream.channel);
    assert_eq!((before.playing, before.read_offset, before.sink_usec), (false, 0, 0));
    client.write(stream.channel, &tone(48_000, 2, 48_000));
    let mut last = 0;
    while last < 48_000 {
        let now = client.latency(stream.channel);
        assert_eq!(now.write_offset, 192_000);
        assert!(now.sink_usec <= 10_000 && now.read_offset >= last && now.read_offset % 1920 == 0, "{now:?}");
        assert_eq!(now.playing, now.read_offset > 0);
        last = now.read_offset;
    }
    client.cork(stream.channel, true);
    let corked = client.latency(stream.channel);
    sound.heard();
    let later = client.latency(stream.channel);
    assert_eq!((later.read_offset, later.playing), (corked.read_offset, false));
    client.cork(stream.channel, false);
    client.drain(stream.channel);
    assert_eq!(client.latency(stream.channel).read_offset, 192_000);
}

#[test]
fn what_is_played_keeps_the_time_of_the_clock() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    let samples = sound.undisturbed(|| {
        let stream = client.play(44_100, 2, attributes(1764));
        client.write(stream.channel, &tone(44_100, 2, 88_200));
        let began = Instant::now();
        client.drain(stream.channel);
        let elapsed = began.elapsed().as_secs_f64();
        assert!(elapsed >= 1.98, "{elapsed}");
    });
    let length = heard(&samples, 0).unwrap().length;
    assert!((length - 2.0).abs() < 0.002, "{length}");
}

#[test]
fn volumes_and_mutes_are_heard_and_told() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    client.act(&Command::Subscribe(SubscriptionMask::ALL)).unwrap();
    let half = both(Volume::from_u32_clamped(0x8000));
    let params = PlaybackStreamParams { cvolume: Some(half), ..params(48_000, 2, BufferAttr::default()) };
    let stream = client.create(params).unwrap();
    let samples = sound.undisturbed(|| {
        client.write(stream.channel, &tone(48_000, 2, 24_000));
        client.drain(stream.channel);
    });
    assert_tone(&samples, 0, 0.5, 0.5 / 8.0, 0.0005, "half the volume");
    let input = Command::GetSinkInputInfo(stream.stream_index);
    let info: SinkInputInfo = client.ask(&input).unwrap();
    assert_eq!((info.cvolume, info.muted, info.client_index), (half, false, Some(client.index)));
    let mute = SetStreamMuteParams { index: stream.stream_index, mute: true };
    client.act(&Command::SetSinkInputMute(mute)).unwrap();
    let sink = SetDeviceMuteParams { device_index: Some(0), device_name: None, mute: true };
    client.act(&Command::SetSinkMute(sink)).unwrap();
    assert!(client.ask::<SinkInputInfo>(&input).unwrap().muted);
    let changed: Vec<_> =
        client.events().into_iter().filter(|event| matches!(event, Command::SubscribeEvent(_))).collect();
    assert_eq!(changed.len(), 3, "a new stream, its mute, the sink's: {changed:?}");
    sound.forget();
    client.write(stream.channel, &tone(48_000, 2, 4800));
    client.drain(stream.channel);
    let silent = sound.until("silence", |bytes| (bytes.len() > 19_200).then(|| bytes.iter().all(|byte| *byte == 0)));
    assert!(silent);
}

#[test]
fn a_client_sees_the_sink_and_nothing_of_others() {
    let sound = Sound::start();
    let (mut client, mut other) = (Client::connect(&sound), Client::connect(&sound));
    let stream = client.play(48_000, 2, BufferAttr::default()).stream_index;
    other.act(&Command::Subscribe(SubscriptionMask::ALL)).unwrap();
    client.play(48_000, 2, BufferAttr::default());
    let list: SinkInputInfoList = other.ask(&Command::GetSinkInputInfoList).unwrap();
    assert!(list.is_empty(), "{list:?}");
    let clients: ClientInfoList = other.ask(&Command::GetClientInfoList).unwrap();
    assert_eq!(clients.iter().map(|client| client.index).collect::<Vec<_>>(), [other.index]);
    let refused = |client: &mut Client, command| client.answer(&command).unwrap_err();
    assert_eq!(refused(&mut other, Command::GetSinkInputInfo(stream)), PulseError::NoEntity);
    assert_eq!(refused(&mut other, Command::GetClientInfo(client.index)), PulseError::NoEntity);
    let mute = SetStreamMuteParams { index: stream, mute: true };
    assert_eq!(refused(&mut other, Command::SetSinkInputMute(mute)), PulseError::NoEntity);
    assert_eq!(refused(&mut other, Command::KillSinkInput(stream)), PulseError::AccessDenied);
    assert_eq!(refused(&mut other, Command::KillClient(client.index)), PulseError::AccessDenied);
    assert_eq!(refused(&mut other, Command::DrainPlaybackStream(0)), PulseError::NoEntity);
    assert!(other.events().is_empty());
    let list: SinkInputInfoList = client.ask(&Command::GetSinkInputInfoList).unwrap();
    assert_eq!(list.len(), 2);
    client.act(&Command::KillSinkInput(stream)).unwrap();
}

#[test]
fn every_version_is_answered_as_it_is_understood() {
    let sound = Sound::start();
    for version in 13..=35 {
        let mut client = Client::with_version(&sound, version);
        let info: ServerInfo = client.ask(&Command::GetServerInfo).unwrap();
        assert_eq!(info.default_sink_name, Some(c"game-sink".to_owned()));
        let sinks: SinkInfoList = client.ask(&Command::GetSinkInfoList).unwrap();
        assert_eq!(sinks.len(), 1);
        // Of this one version, the other implementation expects what the next one has.
        if version != 21 {
            let sources: SourceInfoList = client.ask(&Command::GetSourceInfoList).unwrap();
            assert_eq!(sources[0].monitor_of_sink_index, Some(0));
        }
        let stream = client.play(48_000, 2, BufferAttr::default());
        client.latency(stream.channel);
        let inputs: SinkInputInfoList = client.ask(&Command::GetSinkInputInfoList).unwrap();
        assert_eq!(inputs.len(), 1);
        assert_eq!(client.ask::<LookupReply>(&Command::LookupSink(c"@DEFAULT_SINK@".to_owned())).unwrap().0, 0);
    }
}

#[test]
fn what_is_not_there_is_refused_by_the_protocols_words() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    let name = || c"x".to_owned();
    let module = LoadModuleParams { name: name(), arguments: Some(name()) };
    let suspend = SuspendParams { device_index: Some(0), device_name: None, suspend: true };
    let refused = [
        (Command::Exit, PulseError::AccessDenied),
        (Command::LoadModule(module), PulseError::AccessDenied),
        (Command::UnloadModule(0), PulseError::AccessDenied),
        (Command::RemoveSample(name()), PulseError::AccessDenied),
        (Command::SuspendSink(suspend), PulseError::AccessDenied),
        (Command::CreateRecordStream(RecordStreamParams::default()), PulseError::NotSupported),
        (Command::DeleteRecordStream(0), PulseError::NoEntity),
        (Command::GetModuleInfo(0), PulseError::NoEntity),
        (Command::SetDefaultSink(name()), PulseError::NoEntity),
        (Command::LookupSink(name()), PulseError::NoEntity),
        (Command::Subscribe(SubscriptionMask::from_bits_retain(0x1000)), PulseError::Invalid),
    ];
    for (command, error) in refused {
        assert_eq!(client.answer(&command), Err(error), "{command:?}");
    }
    let nowhere = PlaybackStreamParams { sink_name: Some(name()), ..params(48_000, 2, BufferAttr::default()) };
    assert_eq!(client.create(nowhere).unwrap_err(), PulseError::NoEntity);
    for (rate, channels) in [(0, 2), (384_001, 2), (48_000, 3)] {
        let wrong = params(rate, channels, BufferAttr::default());
        assert_eq!(client.create(wrong).unwrap_err(), PulseError::Invalid, "{rate} {channels}");
    }
    assert_eq!(client.answer(&Command::GetModuleInfoList), Ok(Vec::new()));
}

#[test]
fn twenty_clients_at_once_are_heard_together() {
    let sound = Sound::start();
    let mut clients: Vec<_> = (0..20).map(|_| Client::connect(&sound)).collect();
    let volume = both(Volume::from_linear(0.05));
    let mut ready = Vec::new();
    for client in &mut clients {
        let params = PlaybackStreamParams { cvolume: Some(volume), ..params(48_000, 2, attributes(1920)) };
        let stream = client.create(params).unwrap().channel;
        client.write(stream, &tone(48_000, 2, 48_000));
        ready.push(stream);
    }
    for (client, stream) in clients.iter_mut().zip(ready) {
        client.drain(stream);
    }
    let samples = sound.heard();
    let left = heard(&samples, 0).unwrap();
    assert!(left.length >= 0.5 && samples.iter().any(|sample| sample[0].abs() > 0.05), "{left:?}");
}

#[test]
fn a_stream_at_another_rate_goes_on_without_a_gap() {
    let sound = Sound::start();
    let mut client = Client::connect(&sound);
    let samples = sound.undisturbed(|| {
        let stream = client.play(48_000, 2, attributes(1920));
        client.write(stream.channel, &tone(48_000, 2, 24_000));
        let rate = UpdateSampleRateParams { index: stream.channel, sample_rate: 24_000 };
        client.act(&Command::UpdatePlaybackStreamSampleRate(rate)).unwrap();
        client.drain(stream.channel);
    });
    let (first, last) = (samples.iter().position(|s| s[0] != 0.0), samples.iter().rposition(|s| s[0] != 0.0));
    let length = last.unwrap() - first.unwrap();
    assert!((46_000..=48_100).contains(&length), "twice as slow, but for its beginning: {length}");
}
