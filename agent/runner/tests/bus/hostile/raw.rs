//! A client that writes what it likes and reads nothing.

use serde::Serialize;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use zbus::{DynamicType, Message};

/// A connection to the message bus.
pub(crate) struct RawClient {
    stream: UnixStream,
}

impl RawClient {
    /// Authenticates (D-Bus Specification, "Authentication Protocol") and says hello.
    pub(crate) fn connect(address: &str) -> Self {
        let path = address.split([':', ',']).find_map(|part| part.strip_prefix("path=")).expect("a socket's path");
        let mut stream = UnixStream::connect(path).unwrap();
        let uid = dillinger_runner::host::uid().to_string();
        let identity: Vec<String> = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        write!(stream, "\0AUTH EXTERNAL {}\r\n", identity.concat()).unwrap();
        let mut answer = String::new();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        assert!(answer.starts_with("OK "), "{answer}");
        stream.write_all(b"NEGOTIATE_UNIX_FD\r\n").unwrap();
        BufReader::new(&stream).read_line(&mut answer).unwrap();
        stream.write_all(b"BEGIN\r\n").unwrap();
        let mut client = Self { stream };
        let hello = Message::method_call("/org/freedesktop/DBus", "Hello").destination("org.freedesktop.DBus");
        client.send(&hello.interface("org.freedesktop.DBus").build(&()).unwrap());
        client
    }

    /// Calls and does not wait.
    pub(crate) fn call<B>(&mut self, path: &str, interface: &str, method: &str, body: &B)
    where
        B: Serialize + DynamicType,
    {
        self.send(&message(path, interface, method, body));
    }

    /// Writes half of a call.
    pub(crate) fn half_a_call(&mut self, path: &str, interface: &str, method: &str) {
        let message = message(path, interface, method, &());
        let bytes = message.data();
        self.stream.write_all(&bytes[..bytes.len() / 2]).unwrap();
    }

    fn send(&mut self, message: &Message) {
        self.stream.write_all(message.data()).unwrap();
    }
}

fn message<B>(path: &str, interface: &str, method: &str, body: &B) -> Message
where
    B: Serialize + DynamicType,
{
    let call = Message::method_call(path, method).interface(interface);
    call.destination(dillinger_runner_api::names::BUS_NAME).build(body).unwrap()
}
