//! The UDP sockets of a session: one per address, all with one port.

use super::addresses::{MOST, behind, local_addresses};
use crate::config::{Addresses, StreamSettings};
use crate::store::write_whole;
use dillinger_runner_api::Error;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Tries for a port that is free on all addresses, where the kernel chooses.
const TRIES: usize = 16;

/// A socket that the streamer does not have yet.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) socket: UdpSocket,
    local: SocketAddr,
    /// What viewers are told: `ip:port`.
    pub(super) advertised: String,
}

/// The sockets that the streamer has. They are written down for the agent after this one, which could not tell them
/// from those of anybody else.
#[derive(Debug)]
pub(super) struct Sockets {
    file: PathBuf,
    given: BTreeMap<IpAddr, u16>,
}

impl Sockets {
    pub(super) fn new(file: PathBuf) -> Self {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let addresses = text.lines().filter_map(|line| line.parse::<SocketAddr>().ok());
        Self { given: addresses.map(|address| (address.ip(), address.port())).collect(), file }
    }

    /// Sockets for the addresses of this host, or of the settings, that have none yet. Where that fails, a streamer that
    /// has some already goes on with those.
    pub(super) fn fresh(&self, settings: &StreamSettings) -> Result<Vec<Fresh>, Error> {
        match self.find(settings) {
            Err(error) if !self.given.is_empty() => {
                tracing::warn!(%error, "a display goes on with the sockets that it has");
                Ok(Vec::new())
            }
            result => result,
        }
    }

    fn find(&self, settings: &StreamSettings) -> Result<Vec<Fresh>, Error> {
        let addresses = addresses(settings)?;
        let public = settings.public_address.and_then(|public| Some((behind(public, &addresses)?, public)));
        let room = MOST.saturating_sub(self.given.len());
        let missing: Vec<IpAddr> =
            addresses.into_iter().filter(|address| !self.given.contains_key(address)).take(room).collect();
        let auto = settings.addresses == Addresses::Auto;
        let sockets = self.bind(&missing, settings.ports.as_ref(), auto)?;
        if sockets.is_empty() && self.given.is_empty() {
            return Err(Error::Unsupported("this host has no address that a viewer could reach".to_owned()));
        }
        Ok(sockets.into_iter().map(|(local, socket)| advertise(local, socket, public)).collect())
    }

    fn bind(&self, missing: &[IpAddr], ports: Option<&RangeInclusive<u16>>, auto: bool) -> Result<Bound, Error> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        // An address that comes later gets the port of the others if it is free there.
        if let Some(port) = self.given.values().next()
            && let Ok(bound) = bind_all(missing, *port, auto)
        {
            return Ok(bound);
        }
        free(missing, ports, auto).map_err(|error| refused(&error, ports))
    }

    /// The streamer has these now.
    pub(super) fn given(&mut self, fresh: &[Fresh]) {
        self.given.extend(fresh.iter().map(|one| (one.local.ip(), one.local.port())));
        let lines: Vec<String> = self.given.iter().map(|(ip, port)| SocketAddr::new(*ip, *port).to_string()).collect();
        if let Err(error) = write_whole(&self.file, lines.join("\n").as_bytes()) {
            tracing::warn!(%error, file = %self.file.display(), "the sockets of a display are not written down");
        }
    }
}

type Bound = Vec<(SocketAddr, UdpSocket)>;

fn addresses(settings: &StreamSettings) -> Result<Vec<IpAddr>, Error> {
    match &settings.addresses {
        Addresses::Auto => {
            local_addresses().map_err(|error| Error::Unsupported(format!("finding the host's addresses: {error}")))
        }
        Addresses::These(list) => Ok(list.clone()),
    }
}

fn advertise(local: SocketAddr, socket: UdpSocket, public: Option<(IpAddr, IpAddr)>) -> Fresh {
    let ip = public.filter(|(behind, _)| *behind == local.ip()).map_or(local.ip(), |(_, public)| public);
    Fresh { socket, local, advertised: SocketAddr::new(ip, local.port()).to_string() }
}

/// Looks for a port that is free on all addresses.
fn free(addresses: &[IpAddr], ports: Option<&RangeInclusive<u16>>, auto: bool) -> io::Result<Bound> {
    let in_use = || io::Error::from(ErrorKind::AddrInUse);
    let tries: Box<dyn Iterator<Item = u16>> = match ports {
        Some(range) => Box::new(range.clone()),
        None => Box::new(std::iter::repeat_n(0, TRIES)),
    };
    for port in tries {
        match bind_all(addresses, port, auto) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            result => return result,
        }
    }
    Err(in_use())
}

/// Binds all addresses to one port; with 0 the first chooses for all. What the host found itself but cannot be bound,
/// such as an IPv6 address that is still being checked for duplicates, is left out with `auto`.
fn bind_all(addresses: &[IpAddr], mut port: u16, auto: bool) -> io::Result<Bound> {
    let mut bound = Vec::new();
    for address in addresses {
        let socket = match UdpSocket::bind((*address, port)) {
            Ok(socket) => socket,
            Err(error) if auto && error.kind() == ErrorKind::AddrNotAvailable => continue,
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Err(error),
            Err(error) => return Err(io::Error::new(error.kind(), format!("{address}: {error}"))),
        };
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        port = local.port();
        bound.push((local, socket));
    }
    Ok(bound)
}

fn refused(error: &io::Error, ports: Option<&RangeInclusive<u16>>) -> Error {
    match (error.kind(), ports) {
        (ErrorKind::AddrInUse, Some(ports)) => Error::LimitExceeded(format!(
            "no UDP port from {} to {} is free on all addresses, and each streamed session needs one of its own: the \
             setting Ports of [stream] permits {} at once",
            ports.start(),
            ports.end(),
            ports.len()
        )),
        (ErrorKind::AddrInUse, None) => Error::LimitExceeded("no UDP port is free on all addresses".to_owned()),
        _ => Error::Unsupported(format!(
            "an address of the setting Addresses of [stream] cannot be bound, expected addresses of this host: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(addresses: &[&str]) -> StreamSettings {
        let addresses = addresses.iter().map(|text| text.parse().unwrap()).collect();
        StreamSettings { addresses: Addresses::These(addresses), ports: None, public_address: None }
    }

    #[test]
    fn all_addresses_have_one_port_and_are_remembered() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("sockets");
        let mut sockets = Sockets::new(file.clone());
        let mut settings = settings(&["127.0.0.1", "127.0.0.2"]);
        settings.public_address = Some("203.0.113.7".parse().unwrap());
        let fresh = sockets.fresh(&settings).unwrap();
        let [one, two] = fresh.as_slice() else { panic!("{fresh:?}") };
        assert_eq!(one.local.port(), two.local.port());
        assert_eq!(one.advertised, one.local.to_string(), "the loopback address is behind no NAT");
        sockets.given(&fresh);
        let mut after = Sockets::new(file);
        assert!(after.fresh(&settings).unwrap().is_empty());
        settings.addresses = Addresses::These(vec!["127.0.0.3".parse().unwrap()]);
        let more = after.fresh(&settings).unwrap();
        assert_eq!(more.first().unwrap().local.port(), one.local.port());
        after.given(&more);
        assert_eq!(after.given.len(), 3);
    }

    #[test]
    fn a_streamer_never_gets_more_than_the_most() {
        let directory = tempfile::tempdir().unwrap();
        let mut sockets = Sockets::new(directory.path().join("sockets"));
        for round in 0..3 {
            let texts: Vec<String> = (1..=10).map(|host| format!("127.0.{round}.{host}")).collect();
            let addresses: Vec<&str> = texts.iter().map(String::as_str).collect();
            let fresh = sockets.fresh(&settings(&addresses)).unwrap();
            sockets.given(&fresh);
        }
        assert_eq!(sockets.given.len(), MOST);
        assert!(sockets.fresh(&settings(&["127.0.9.1"])).unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_bound_later_is_done_without() {
        let directory = tempfile::tempdir().unwrap();
        let mut sockets = Sockets::new(directory.path().join("sockets"));
        let fresh = sockets.fresh(&settings(&["127.0.0.1"])).unwrap();
        sockets.given(&fresh);
        assert!(sockets.fresh(&settings(&["127.0.0.1", "192.0.2.1"])).unwrap().is_empty());
    }

    #[test]
    fn a_range_that_is_used_up_says_so() {
        let directory = tempfile::tempdir().unwrap();
        let sockets = Sockets::new(directory.path().join("sockets"));
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        let mut settings = settings(&["127.0.0.1"]);
        settings.ports = Some(port..=port);
        let Err(Error::LimitExceeded(text)) = sockets.fresh(&settings) else { panic!() };
        assert!(text.contains("permits 1 at once"), "{text}");
        drop(taken);
        let fresh = sockets.fresh(&settings).unwrap();
        assert_eq!(fresh.first().unwrap().local.port(), port);
    }

    #[test]
    fn an_address_of_somebody_else_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let sockets = Sockets::new(directory.path().join("sockets"));
        let Err(Error::Unsupported(text)) = sockets.fresh(&settings(&["192.0.2.1"])) else { panic!() };
        assert!(text.contains("192.0.2.1"), "{text}");
    }
}
