//! The sockets to Lambda's runtime API, without Nagle's delay.
//!
//! `lambda_runtime` makes its client inside and leaves the delay on. The kernel then keeps what is streamed first until the
//! answer's head is acknowledged, which takes the other side 40 ms.

use std::fs::read_dir;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;

use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};

/// Turns the delay off on every connection to `peer` that this process has. **Cost:** four system calls for each open
/// file, 37 microseconds with 26 of them; the kernel knows of no way to a socket of somebody else's but through its number.
pub fn disable_nagle(peer: SocketAddr) -> io::Result<()> {
    let process = pidfd_open(getpid(), PidfdFlags::empty())?;
    for file in read_dir("/proc/self/fd")? {
        let number = file?.file_name().to_str().and_then(|name| name.parse().ok());
        // A file may be closed meanwhile.
        let copy = number.and_then(|file| pidfd_getfd(&process, file, PidfdGetfdFlags::empty()).ok());
        if let Some(socket) = copy.and_then(|copy| find_connection(copy, peer)) {
            socket.set_nodelay(true)?;
        }
    }
    Ok(())
}

/// The file, if it is a connection to `peer`.
fn find_connection(file: OwnedFd, peer: SocketAddr) -> Option<TcpStream> {
    let socket = TcpStream::from(file);
    (socket.peer_addr().ok()? == peer).then_some(socket)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_connections_to_one_address_are_set_and_no_other() {
        let (one, other) =
            (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let first = TcpStream::connect(one.local_addr().unwrap()).unwrap();
        let second = TcpStream::connect(one.local_addr().unwrap()).unwrap();
        let third = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        disable_nagle(one.local_addr().unwrap()).unwrap();
        let nodelay = [&first, &second, &third].map(|socket| socket.nodelay().unwrap());
        assert_eq!(nodelay, [true, true, false]);
    }
}
