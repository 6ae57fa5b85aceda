//! Components that handle HTTP requests: `wasi:http/incoming-handler` of WASI 0.2 and, if this version of wasmtime has
//! it, `wasi:http/handler` of 0.3. The host is the server and creates an instance for each request, like `wasmtime
//! serve`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::Poll;

use hyper::http::Uri;
use hyper::http::uri::Authority;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use wasmlab_engine::EventLog;
use wasmlab_protocol::{Cause, CellSpec, Stage};
use wasmtime::component::{Component, InstancePre};
use wasmtime_wasi_http::io::TokioIo;

use super::host::{self, Host};
use super::no_export;
use crate::api::Handler;
use crate::cause::{engine_error, of_running};

/// The interface in WASI 0.2, without its version.
const HANDLER: &str = "wasi:http/incoming-handler";

/// Serves on `port` until the process is ended.
pub(crate) async fn serve(
    spec: &CellSpec,
    log: &EventLog,
    component: &Component,
    unlinked: InstancePre<Host>,
    port: u16,
) -> Result<(), Cause> {
    let engine = unlinked.engine().clone();
    let handler = Handler::new(spec, unlinked).map_err(|error| no_export(&engine, component, HANDLER, &error))?;
    log.stage(Stage::Instantiate);
    // First see whether it can be instantiated at all, before any client connects.
    let mut store = host::store(&engine, spec)?;
    handler.instantiate(&mut store).await.map_err(|e| of_running(&e, Stage::Instantiate))?;
    drop(store);
    let cannot_listen = |e| engine_error(&format_args!("failed to listen on port {port}: {e}"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(cannot_listen)?;
    let mut terminated = signal(SignalKind::terminate()).map_err(|e| engine_error(&e))?;

    log.stage(Stage::Run);
    loop {
        let next = std::future::poll_fn(|cx| match terminated.poll_recv(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        let Some(connection) = next.await else { return Ok(()) };
        let (client, _) = connection.map_err(|e| engine_error(&e))?;
        let handler = handler.clone();
        let answer = service_fn(move |request| {
            let handler = handler.clone();
            async move { Ok::<_, Infallible>(handler.answer(request).await) }
        });
        // A client that disconnects does not affect the cell.
        tokio::spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(client), answer).await.ok() });
    }
}

/// The address that a guest's request goes to. No names are resolved, except `localhost`.
pub(crate) fn address(authority: &Authority) -> Option<SocketAddr> {
    let host = authority.host().trim_matches(['[', ']']);
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    Some(SocketAddr::new(host.parse().ok()?, authority.port_u16().unwrap_or(80)))
}

/// The URI that a server gets: path and query, because only proxies get scheme and authority.
pub(crate) fn origin_form(uri: &Uri) -> Option<Uri> {
    Uri::try_from(uri.path_and_query().map_or("/", |path| path.as_str())).ok()
}
