//! Asks a sound server that speaks the protocol of `PulseAudio` for its sinks' default.
//!
//! Source: `PulseAudio`'s protocol.txt, pulse/def.h and pulsecore/native-common.h.

use std::io;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// Of the protocol: the first whose clients have a list of properties.
const VERSION: u32 = 13;
/// Any; a server that knows its clients by their user does not look at it.
const COOKIE: [u8; 256] = [0; 256];
/// Larger than the answers to what is asked here.
const LARGEST: u32 = 65_536;
/// The channel of a packet that is no sound.
const CONTROL: u32 = u32::MAX;

const REPLY: u32 = 2;
const AUTH: u32 = 8;
const SET_CLIENT_NAME: u32 = 9;
const GET_SERVER_INFO: u32 = 20;

/// Whether a program that connects now would play into this sink.
///
/// # Errors
/// The server does not answer as it should.
pub(super) async fn plays_to(socket: &Path, sink: &str) -> io::Result<bool> {
    let mut server = UnixStream::connect(socket).await?;
    let mut auth = number(VERSION).to_vec();
    auth.push(b'x');
    auth.extend(256_u32.to_be_bytes());
    auth.extend(COOKIE);
    ask(&mut server, AUTH, 0, &auth).await?;
    ask(&mut server, SET_CLIENT_NAME, 1, b"PN").await?;
    let info = ask(&mut server, GET_SERVER_INFO, 2, &[]).await?;
    Ok(default_sink(&info) == Some(sink.as_bytes()))
}

/// Sends a command and returns what the answer holds.
async fn ask(server: &mut UnixStream, command: u32, tag: u32, arguments: &[u8]) -> io::Result<Vec<u8>> {
    server.write_all(&packet(command, tag, arguments)).await?;
    let head = [number(REPLY), number(tag)].concat();
    loop {
        let length = server.read_u32().await?;
        let channel = server.read_u32().await?;
        let mut rest = [0; 12];
        server.read_exact(&mut rest).await?;
        if length > LARGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the sound server sends nonsense"));
        }
        let mut answer = vec![0; usize::try_from(length).unwrap_or_default()];
        server.read_exact(&mut answer).await?;
        if let (CONTROL, Some(answer)) = (channel, answer.strip_prefix(head.as_slice())) {
            return Ok(answer.to_vec());
        }
    }
}

fn packet(command: u32, tag: u32, arguments: &[u8]) -> Vec<u8> {
    let body = [&number(command), &number(tag), arguments].concat();
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let head = [length, CONTROL, 0, 0, 0].map(u32::to_be_bytes).concat();
    [head, body].concat()
}

/// A number, as the protocol marks it.
fn number(value: u32) -> [u8; 5] {
    let [a, b, c, d] = value.to_be_bytes();
    [b'L', a, b, c, d]
}

/// Out of what the server tells about itself: four texts, a format of seven bytes, and then the sink.
fn default_sink(info: &[u8]) -> Option<&[u8]> {
    let rest = (0..4).try_fold(info, |rest, _| text(rest).map(|(_, rest)| rest))?;
    text(rest.strip_prefix(b"a")?.get(6..)?)?.0
}

/// A text, which may be missing, and what follows it.
fn text(bytes: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    match bytes.split_first()? {
        (b'N', rest) => Some((None, rest)),
        (b't', rest) => {
            let end = rest.iter().position(|byte| *byte == 0)?;
            Some((Some(rest.get(..end)?), rest.get(end + 1..)?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixListener;

    /// What `PipeWire` 1.4 answered.
    const INFO: &[u8] = b"tPulseAudio (on PipeWire 1.4.2)\0t15.0.0\0Ntdisplay\0a\x05\x02\x00\x00\xbb\x80\
        tgame-sink\0tgame-sink.monitor\0L;^\xb5\x87";

    #[test]
    fn the_default_sink_is_found() {
        assert_eq!(default_sink(INFO), Some(&b"game-sink"[..]));
        let none = b"NNNNa\x05\x02\x00\x00\xbb\x80NNL\0\0\0\0";
        assert_eq!(default_sink(none), None);
        for cut in 0..60 {
            assert_eq!(default_sink(&INFO[..cut]), None);
        }
    }

    /// Answers three commands with a packet in between that nobody asked for.
    async fn serve(listener: UnixListener) {
        let (mut client, _) = listener.accept().await.unwrap();
        for (tag, arguments) in [(0, &b"L\0\0\0#"[..]), (1, b"L\0\0\0."), (2, INFO)] {
            let length = client.read_u32().await.unwrap();
            let mut rest = vec![0; 16 + usize::try_from(length).unwrap()];
            client.read_exact(&mut rest).await.unwrap();
            client.write_all(&packet(66, CONTROL, b"L\0\0\0\0")).await.unwrap();
            client.write_all(&packet(REPLY, tag, arguments)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_server_is_asked() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("native");
        let listener = UnixListener::bind(&path).unwrap();
        let server = tokio::spawn(async move {
            serve(listener).await;
        });
        assert!(plays_to(&path, "game-sink").await.unwrap());
        server.await.unwrap();
        assert!(plays_to(&path, "game-sink").await.is_err(), "nobody listens");
    }

    #[tokio::test]
    async fn nonsense_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("native");
        let listener = UnixListener::bind(&path).unwrap();
        let server = tokio::spawn(async move {
            let (mut client, _) = listener.accept().await.unwrap();
            client.write_all(&[0xff; 20]).await.unwrap();
            client
        });
        assert_eq!(plays_to(&path, "game-sink").await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        server.await.unwrap();
    }
}
