//! Listening sockets, and how to close one without losing a connection.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::Error;

/// Connections that the system accepts for us while we are busy.
pub(super) const BACKLOG: i32 = 1024;

/// Opens a listening socket on `address`, and gives the address with the port that the system
/// chose. Other sockets may have the same address only when `shared`.
pub(super) fn listen(
    address: SocketAddr,
    shared: bool,
) -> Result<(SocketAddr, TcpListener), Error> {
    let open = || -> io::Result<(SocketAddr, TcpListener)> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(shared)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let listener = TcpListener::from(socket);
        Ok((listener.local_addr()?, listener))
    };
    open().map_err(|source| Error::Listen { address, source })
}

/// Ignores peers that begin to connect from now on; those that have begun still get through.
///
/// The system resets the connections of a closed socket that were not accepted yet, also those
/// whose handshake is under way. A peer that is ignored tries again after a second and is refused
/// then. So it knows that nothing of its request was done.
#[cfg(target_os = "linux")]
pub(super) fn ignore_newcomers(listener: &tokio::net::TcpListener) -> io::Result<()> {
    use socket2::SockFilter;
    /// Where the flags are in a TCP header (RFC 9293 §3.1).
    const FLAGS_AT: u32 = 13;
    const SYN: u32 = 0x02;
    const ACK: u32 = 0x10;
    // classic BPF, as of <linux/bpf_common.h>; the packet begins with its TCP header
    const LOAD_BYTE: u16 = 0x30;
    const AND: u16 = 0x54;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    SockRef::from(listener).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, FLAGS_AT),
        SockFilter::new(AND, 0, 0, SYN | ACK),
        SockFilter::new(JUMP_IF_EQUAL, 1, 0, SYN),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
        SockFilter::new(RETURN, 0, 0, 0),
    ])
}

/// On other systems newcomers are accepted until the socket is closed.
#[cfg(not(target_os = "linux"))]
pub(super) fn ignore_newcomers(_: &tokio::net::TcpListener) -> io::Result<()> {
    Ok(())
}
