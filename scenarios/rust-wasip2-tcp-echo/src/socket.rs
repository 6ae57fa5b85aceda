//! `wasi:sockets` as blocking calls, each refusal with the capability that it concerns.

use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

/// What was refused, and the message of its `lab:` line.
pub struct Refusal {
    pub capability: &'static str,
    pub message: String,
}

/// A socket that listens on the loopback address.
pub struct Listener(TcpSocket);

/// An accepted connection.
pub struct Client {
    // Fields are dropped in this order, and the streams must go before their socket.
    input: InputStream,
    output: OutputStream,
    socket: TcpSocket,
}

/// Makes, binds and listens; each says `ok` for itself.
pub fn listen(port: u16) -> Result<Listener, Refusal> {
    let socket =
        create_tcp_socket(IpAddressFamily::Ipv4).map_err(of("socket-open", "tcp-create-socket#create-tcp-socket"))?;
    println!("lab: socket-open ok");
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    socket.start_bind(&instance_network(), address).map_err(of("socket-bind", "tcp#start-bind"))?;
    finish(&socket, TcpSocket::finish_bind).map_err(of("socket-bind", "tcp#finish-bind"))?;
    println!("lab: socket-bind ok");
    socket.start_listen().map_err(of("socket-listen", "tcp#start-listen"))?;
    finish(&socket, TcpSocket::finish_listen).map_err(of("socket-listen", "tcp#finish-listen"))?;
    println!("lab: socket-listen ok");
    Ok(Listener(socket))
}

impl Listener {
    /// Waits for a connection.
    pub fn accept(&self) -> Result<Client, Refusal> {
        let (socket, input, output) = finish(&self.0, TcpSocket::accept).map_err(of("sock-accept", "tcp#accept"))?;
        println!("lab: sock-accept ok");
        Ok(Client { input, output, socket })
    }
}

impl Client {
    /// What comes until the end of a line, or until the peer sends no more.
    pub fn line(&self) -> Result<Vec<u8>, Refusal> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            match self.input.blocking_read(4096) {
                Ok(bytes) => line.extend(bytes),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    return Err(failed("sock-recv", &error.to_debug_string()));
                }
            }
        }
        println!("lab: sock-recv ok");
        Ok(line)
    }

    /// Sends all of `bytes`.
    pub fn send(&self, bytes: &[u8]) -> Result<(), Refusal> {
        // The most that one call takes.
        for part in bytes.chunks(4096) {
            self.output.blocking_write_and_flush(part).map_err(|error| match error {
                StreamError::Closed => failed("sock-send", "the stream is closed"),
                StreamError::LastOperationFailed(error) => failed("sock-send", &error.to_debug_string()),
            })?;
        }
        println!("lab: sock-send ok");
        Ok(())
    }

    /// Says that no more will be sent.
    pub fn shutdown(self) -> Result<(), Refusal> {
        self.socket.shutdown(ShutdownType::Send).map_err(of("sock-shutdown", "tcp#shutdown"))?;
        println!("lab: sock-shutdown ok");
        Ok(())
    }
}

/// WASI 0.2 has no blocking calls on sockets: each is asked again when its pollable says so.
fn finish<T>(socket: &TcpSocket, ask: impl Fn(&TcpSocket) -> Result<T, ErrorCode>) -> Result<T, ErrorCode> {
    loop {
        match ask(socket) {
            Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
            answer => return answer,
        }
    }
}

/// The refusal of a capability by a function of `wasi:sockets`, with its code as WIT has it: `not-supported`.
fn of(capability: &'static str, function: &'static str) -> impl Fn(ErrorCode) -> Refusal {
    move |code| Refusal { capability, message: format!("error={} wasi:sockets/{function}", code.name()) }
}

fn failed(capability: &'static str, message: &str) -> Refusal {
    Refusal { capability, message: format!("wrong {message}") }
}
