//! The addresses that viewers are told.

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Most addresses that are offered; each is a candidate that every viewer tries.
pub(super) const MOST: usize = 24;

/// The addresses of this host at which it may be reached: all of its interfaces that are up, that of the loopback
/// interface too, for a browser on the same host where there is no network. Link-local ones are left out: a browser
/// cannot name the interface that belongs to them.
///
/// # Errors
/// The kernel does not tell.
pub(super) fn local_addresses() -> std::io::Result<Vec<IpAddr>> {
    let up = getifaddrs()?.filter(|interface| interface.flags.contains(InterfaceFlags::IFF_UP));
    let address = |interface: nix::ifaddrs::InterfaceAddress| {
        let storage = interface.address?;
        let four = storage.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
        four.or_else(|| storage.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
    };
    let found: BTreeSet<IpAddr> = up.filter_map(address).filter(is_offered).collect();
    let (loopback, others): (Vec<IpAddr>, Vec<IpAddr>) = found.into_iter().partition(IpAddr::is_loopback);
    Ok(loopback.into_iter().chain(others).take(MOST).collect())
}

fn is_offered(address: &IpAddr) -> bool {
    let link_local = match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    };
    !link_local && !address.is_unspecified() && !address.is_multicast()
}

/// Which of `addresses` packets to `public` leave from: the one that has it on the other side of the NAT. Sends nothing.
pub(super) fn behind(public: IpAddr, addresses: &[IpAddr]) -> Option<IpAddr> {
    let any = if public.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let probe = UdpSocket::bind(any).and_then(|socket| {
        socket.connect(SocketAddr::new(public, 9))?;
        socket.local_addr()
    });
    let route = probe.ok().map(|local| local.ip()).filter(|ip| addresses.contains(ip));
    let of_family = || addresses.iter().find(|ip| ip.is_ipv4() == public.is_ipv4() && !ip.is_loopback()).copied();
    route.filter(|ip| !ip.is_loopback()).or_else(of_family)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_addresses() {
        let found = local_addresses().unwrap();
        assert!(found.len() <= MOST);
        assert!(found.iter().all(is_offered));
    }

    #[test]
    fn link_local_addresses_are_not_offered() {
        for (text, offered) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("192.168.1.2", true),
            ("2001:db8::1", true),
            ("fd00::1", true),
            ("169.254.1.1", false),
            ("fe80::1", false),
            ("0.0.0.0", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_offered(&text.parse().unwrap()), offered, "{text}");
        }
    }

    #[test]
    fn the_public_address_belongs_to_one_of_its_family() {
        let ours: Vec<IpAddr> = ["127.0.0.1", "::1", "192.0.2.7"].map(|text| text.parse().unwrap()).into();
        assert_eq!(behind("203.0.113.7".parse().unwrap(), &ours), Some("192.0.2.7".parse().unwrap()));
        assert_eq!(behind("2001:db8::1".parse().unwrap(), &ours), None);
    }
}
