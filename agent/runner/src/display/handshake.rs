//! How a connection to a streamer begins (D-Bus Specification, "Authentication Protocol").
//!
//! The agent is the server of the handshake, the one who looks at the other's credentials: it sees the processes of
//! the display's container, and they do not see it. zbus has a server too, which keeps lines of any length and panics
//! at an empty one. Only one way to say it is needed, so what comes is compared with that, byte by byte.

use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// A handshake that came to nothing.
#[derive(Debug, Error)]
pub(super) enum HandshakeError {
    /// The socket.
    #[error("it does not shake hands: {0}")]
    Socket(#[from] std::io::Error),
    /// It says something else.
    #[error("it does not shake hands: expected {0}")]
    Unexpected(&'static str),
}

/// Shakes hands with a streamer that runs as the user whom the kernel names; `guid` is that of the connection.
/// Descriptors that come along are closed by the kernel.
pub(super) async fn shake_hands(stream: &mut UnixStream, guid: &str) -> Result<(), HandshakeError> {
    let uid = stream.peer_cred()?.uid();
    expect(stream, &auth_external(uid), "AUTH EXTERNAL and the user it runs as").await?;
    stream.write_all(format!("OK {guid}\r\n").as_bytes()).await?;
    expect(stream, "NEGOTIATE_UNIX_FD\r\n", "NEGOTIATE_UNIX_FD").await?;
    stream.write_all(b"AGREE_UNIX_FD\r\n").await?;
    expect(stream, "BEGIN\r\n", "BEGIN").await
}

/// The first line of a peer that runs as this user, whose number is written in hexadecimal letter by letter.
pub(super) fn auth_external(uid: u32) -> String {
    let letters: Vec<String> = uid.to_string().bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("\0AUTH EXTERNAL {}\r\n", letters.concat())
}

/// Reads no further than the line that is expected.
async fn expect(stream: &mut UnixStream, line: &str, name: &'static str) -> Result<(), HandshakeError> {
    let mut rest = line.as_bytes();
    let mut buffer = [0; 64];
    while !rest.is_empty() {
        let most = rest.len().min(buffer.len());
        let read = stream.read(buffer.get_mut(..most).unwrap_or_default()).await?;
        let said = buffer.get(..read).unwrap_or_default();
        rest = rest.strip_prefix(said).filter(|_| read > 0).ok_or(HandshakeError::Unexpected(name))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::timeout;

    async fn answer_to(said: &[u8]) -> (Result<(), HandshakeError>, Vec<u8>) {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(said).await.unwrap();
        let soon = timeout(Duration::from_secs(10), shake_hands(&mut ours, "guid"));
        let result = soon.await.expect("an answer at once");
        let mut rest = vec![0; 64];
        let left = ours.try_read(&mut rest).unwrap_or(0);
        rest.truncate(left);
        (result, rest)
    }

    #[tokio::test]
    async fn nothing_is_read_beyond_the_handshake() {
        let said = format!("{}NEGOTIATE_UNIX_FD\r\nBEGIN\r\nlmessage", auth_external(crate::host::uid()));
        let (result, rest) = answer_to(said.as_bytes()).await;
        result.unwrap();
        assert_eq!(rest, b"lmessage");
    }

    #[tokio::test]
    async fn whatever_else_is_said_ends_it_at_once() {
        let good = auth_external(crate::host::uid());
        let long = format!("{good}{}", "x".repeat(10_000));
        let other = auth_external(crate::host::uid() + 1);
        let began = format!("{good}BEGIN\r\n");
        for said in ["\n", "\r\n", "AUTH", "\0\n", "\0AUTH EXTERNAL\r\nDATA\r\n", "\0AUTH ANONYMOUS\r\n"] {
            assert!(answer_to(said.as_bytes()).await.0.is_err(), "{said:?}");
        }
        for said in [long, other, began] {
            assert!(answer_to(said.as_bytes()).await.0.is_err(), "{said:?}");
        }
    }

    #[tokio::test]
    async fn one_that_hangs_up_ends_it() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        drop(theirs);
        assert!(shake_hands(&mut ours, "guid").await.is_err());
    }
}
