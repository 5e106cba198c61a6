//! Whose a connection is. Every user of a machine reaches its loopback interface; the kernel knows which one did.

use std::io;
use std::net::{IpAddr, SocketAddr};

/// True if the other end of a connection of this machine is a socket of the user.
pub(crate) fn is_own(peer: SocketAddr, local: SocketAddr) -> io::Result<bool> {
    let table = std::fs::read_to_string("/proc/self/net/tcp")?;
    let uid = nix::unistd::getuid().as_raw();
    Ok(owner(&table, peer, local) == Some(uid))
}

/// The owner of the socket with these two addresses, from the text of `/proc/net/tcp`, see `proc_pid_net(5)`: addresses are hexadecimal,
/// the bytes of an IPv4 address in the machine's order, the port in the network's.
fn owner(table: &str, socket: SocketAddr, other: SocketAddr) -> Option<u32> {
    let (socket, other) = (address(socket)?, address(other)?);
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(1);
        let matches = fields.next()? == socket && fields.next()? == other;
        // State, queues, timer and retransmissions lie between.
        if matches { fields.nth(4)?.parse().ok() } else { None }
    })
}

fn address(socket: SocketAddr) -> Option<String> {
    let IpAddr::V4(ip) = socket.ip() else { return None };
    Some(format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), socket.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_kernel_knows_the_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, peer) = listener.accept().unwrap();
        assert!(is_own(peer, server.local_addr().unwrap()).unwrap());
        drop((client, server));
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        assert!(!is_own(nobody, nobody).unwrap());
    }

    #[test]
    fn the_owner_is_in_the_row_with_both_addresses() {
        let [one, other] = [[127, 0, 0, 1], [127, 0, 0, 2]].map(|ip| SocketAddr::from((ip, 8080)));
        let row = |from, to, uid| {
            let [from, to] = [from, to].map(|socket| address(socket).unwrap());
            format!("   0: {from} {to} 01 00000000:00000000 00:00000000 00000000 {uid:>5} 0 1 1 0 20\n")
        };
        let table = format!("  sl  local_address rem_address\n{}{}", row(other, one, 1), row(one, other, 1000));
        assert_eq!(owner(&table, one, other), Some(1000));
        assert_eq!(owner(&table, other, one), Some(1));
        assert_eq!(owner(&table, one, one), None);
        assert_eq!(owner("odd\n 0: x\n", one, other), None);
        assert!(row(one, other, 7).contains(":1F90 "));
    }
}
