//! A component that handles HTTP requests: `wasi:http/incoming-handler` of WASI 0.2. The host is the server, and gives
//! each request to an instance of its own, as `wasmtime serve` does.

use std::convert::Infallible;
use std::task::Poll;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use wasmlab_engine::Log;
use wasmlab_protocol::{Cause, CellSpec, Stage};
use wasmtime::component::{Component, InstancePre};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::bindings::ProxyPre;
use wasmtime_wasi_http::bindings::http::types::Scheme;
use wasmtime_wasi_http::body::HyperOutgoingBody;
use wasmtime_wasi_http::io::TokioIo;

use super::host::{self, Host};
use super::no_export;
use crate::cause::{engine_error, of_running};

/// What is called; its version follows.
const HANDLER: &str = "wasi:http/incoming-handler";

/// Serves on `port` until the process is told to end.
pub(crate) async fn serve(
    spec: &CellSpec,
    log: &Log,
    component: &Component,
    unlinked: InstancePre<Host>,
    port: u16,
) -> Result<(), Cause> {
    let engine = unlinked.engine().clone();
    let guest = ProxyPre::new(unlinked).map_err(|error| no_export(&engine, component, HANDLER, &error))?;
    log.stage(Stage::Instantiate);
    // Before anybody connects: whether it can be instantiated at all is the cell's first question.
    let mut store = host::store(&engine, spec)?;
    guest.instantiate_async(&mut store).await.map_err(|e| of_running(&e, Stage::Instantiate))?;
    drop(store);
    let unusable = |e| engine_error(&format_args!("failed to listen on port {port}: {e}"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(unusable)?;
    let mut end = signal(SignalKind::terminate()).map_err(|e| engine_error(&e))?;
    log.stage(Stage::Run);

    loop {
        let next = std::future::poll_fn(|cx| match end.poll_recv(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        let Some(accepted) = next.await else { return Ok(()) };
        let (client, _) = accepted.map_err(|e| engine_error(&e))?;
        let (spec, guest) = (spec.clone(), guest.clone());
        let answer = service_fn(move |request| {
            let (spec, guest) = (spec.clone(), guest.clone());
            async move { Ok::<_, Infallible>(answer(&spec, guest, request).await) }
        });
        // A client that breaks off is no concern of the cell's.
        tokio::spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(client), answer).await.ok() });
    }
}

/// What the guest answers; where it fails, its client is told so as by any server.
async fn answer(spec: &CellSpec, guest: ProxyPre<Host>, request: Request<Incoming>) -> Response<HyperOutgoingBody> {
    handled(spec, guest, request).await.unwrap_or_else(|error| {
        eprintln!("failed to handle a request: {error:#}");
        let body = Full::new(Bytes::from("the guest failed\n")).map_err(|never| match never {}).boxed();
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// The response of an instance that takes this one request, and may go on when it has answered.
async fn handled(
    spec: &CellSpec,
    guest: ProxyPre<Host>,
    request: Request<Incoming>,
) -> wasmtime::Result<Response<HyperOutgoingBody>> {
    let mut store = host::store(guest.engine(), spec).map_err(|cause| wasmtime::Error::msg(format!("{cause:?}")))?;
    let (sender, receiver) = oneshot::channel();
    let request = store.data_mut().new_incoming_request(Scheme::Http, request)?;
    let out = store.data_mut().new_response_outparam(sender)?;
    let task = tokio::spawn(async move {
        let proxy = guest.instantiate_async(&mut store).await?;
        let ended = proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await;
        if let Err(error) = &ended {
            eprintln!("the guest failed: {error:#}");
        }
        ended
    });
    match receiver.await {
        Ok(response) => Ok(response?),
        Err(_) => {
            task.await??;
            Err(wasmtime::Error::msg("the guest gave no response"))
        }
    }
}
