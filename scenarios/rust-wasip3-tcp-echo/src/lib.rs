//! A TCP server on the sockets of WASI 0.3: bind, listen, accept once, send back a line.
//!
//! Prints one line a capability (`lab: NAME ok`, or what refused), and ends when its client has its answer.

use futures_util::future::join;
use wasip3::cli::{environment, stdout};
use wasip3::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket};

wasip3::cli::command::export!(Server);

struct Server;

impl wasip3::exports::cli::run::Guest for Server {
    async fn run() -> Result<(), ()> {
        let Some(port) = environment::get_arguments().get(1).and_then(|text| text.parse().ok()) else {
            say("usage: rust-wasip3-tcp-echo PORT").await;
            return Err(());
        };
        match serve(port).await {
            Ok(()) => Ok(()),
            Err(message) => {
                say(&message).await;
                Err(())
            }
        }
    }
}

/// Accepts one connection on `port` and sends its first line back.
async fn serve(port: u16) -> Result<(), String> {
    let socket = TcpSocket::create(IpAddressFamily::Ipv4).map_err(|e| refused("socket-open", "create", &e))?;
    say("lab: socket-open ok").await;
    let address = IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (127, 0, 0, 1) });
    socket.bind(address).map_err(|e| refused("socket-bind", "bind", &e))?;
    say("lab: socket-bind ok").await;
    let mut clients = socket.listen().map_err(|e| refused("socket-listen", "listen", &e))?;
    say("lab: socket-listen ok").await;
    say("ready").await;

    let client = clients.next().await.ok_or("lab: sock-accept wrong the stream of connections ended")?;
    say("lab: sock-accept ok").await;
    let (mut data, _) = client.receive();
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let Some(byte) = data.next().await else { break };
        line.push(byte);
    }
    say("lab: sock-recv ok").await;
    let (mut answer, stream) = wasip3::wit_stream::new();
    let sent = client.send(stream);
    // The stream's end is what `shutdown` was: the peer sees that no more comes.
    let given = async move { answer.write_all(line).await };
    let (sent, _) = join(async { sent.await }, given).await;
    sent.map_err(|e| refused("sock-send", "send", &e))?;
    say("lab: sock-send ok").await;
    Ok(())
}

/// The refusal of a capability by a function of `wasi:sockets`, with its code as WIT has it.
fn refused(capability: &str, function: &str, code: &ErrorCode) -> String {
    let word = match code {
        ErrorCode::AccessDenied => "access-denied",
        ErrorCode::NotSupported => "not-supported",
        other => return format!("lab: {capability} wrong {other:?}"),
    };
    format!("lab: {capability} error={word} wasi:sockets/types#{function}")
}

/// Prints a line.
async fn say(line: &str) {
    let (mut text, stream) = wasip3::wit_stream::new();
    let printed = stdout::write_via_stream(stream);
    let given = async move { text.write_all(format!("{line}\n").into_bytes()).await };
    // Where nobody listens there is nobody to tell.
    let _ = join(async { printed.await }, given).await;
}
