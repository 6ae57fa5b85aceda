//! A component that handles HTTP requests: `wasi:http/incoming-handler` of WASI 0.2, `wasi:http/handler`
//! of 0.3. The host is the server, and gives each request to an instance of its own, as `wasmtime serve`
//! does for 0.2.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::{Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use wasmlab_engine::Log;
use wasmlab_protocol::{Cause, CellSpec, Stage};
use wasmtime::component::{Component, GuestTaskId, InstancePre};
use wasmtime::{Result, Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView, p2, p3};

use super::host::{self, Host};
use super::no_export;
use crate::cause::{engine_error, of_running};

/// What is called in 0.2; its version follows.
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
    let guest = match p2::bindings::ProxyPre::new(unlinked.clone()) {
        Ok(guest) => ProxyPre::P2(guest),
        Err(error) => match p3::bindings::ServicePre::new(unlinked) {
            Ok(guest) => ProxyPre::P3(guest),
            Err(_) => return Err(no_export(&engine, component, HANDLER, &error)),
        },
    };
    log.stage(Stage::Instantiate);
    // Before anybody connects: whether it can be instantiated at all is the cell's first question.
    let mut store = host::store(&engine, spec)?;
    guest.instantiate_async(&mut store).await.map_err(|e| of_running(&e, Stage::Instantiate))?;
    drop(store);
    let unusable = |e| engine_error(&format_args!("failed to listen on port {port}: {e}"));
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(unusable)?;
    let mut end = signal(SignalKind::terminate()).map_err(|e| engine_error(&e))?;

    log.stage(Stage::Run);
    let handler = ProxyHandler::new(Server { spec: spec.clone(), guest });
    loop {
        let next = std::future::poll_fn(|cx| match end.poll_recv(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => listener.poll_accept(cx).map(Some),
        });
        let Some(accepted) = next.await else { return Ok(()) };
        let (client, _) = accepted.map_err(|e| engine_error(&e))?;
        let handler = handler.clone();
        let answer = service_fn(move |request| {
            let handler = handler.clone();
            async move { Ok::<_, Infallible>(answer(&handler, request).await) }
        });
        // A client that breaks off is no concern of the cell's.
        tokio::spawn(async move { http1::Builder::new().serve_connection(TokioIo::new(client), answer).await.ok() });
    }
}

/// What the guest answers; where it fails, its client is told so as by any server.
async fn answer(handler: &ProxyHandler<Server>, request: Request<Incoming>) -> Response<WasiBody> {
    let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
    handler.handle((), request).await.unwrap_or_else(|error| {
        eprintln!("failed to handle a request: {error:#}");
        let body = Full::new(Bytes::from("the guest failed\n")).map_err(Error::from).boxed_unsync();
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}

/// Makes instances.
struct Server {
    spec: CellSpec,
    guest: ProxyPre<Host>,
}

impl HandlerState for Server {
    type StoreData = Host;
    type WorkerExpiration = Never;
    type WorkerState = OneRequest;

    async fn instantiate(&self) -> Result<Instance<Host, Never, OneRequest>> {
        let engine = match &self.guest {
            ProxyPre::P2(guest) => guest.engine(),
            ProxyPre::P3(guest) => guest.engine(),
        };
        let mut store = host::store(engine, &self.spec).map_err(|cause| wasmtime::format_err!("{cause:?}"))?;
        let proxy = self.guest.instantiate_async(&mut store).await?;
        Ok(Instance { store, proxy, view: Host::http, expiration: Never, state: OneRequest })
    }
}

/// The cell has a limit of its own: requests have none.
struct Never;

impl WorkerExpiration for Never {
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>, status: WorkerStatus, _: Instant) -> Poll<()> {
        // An instance that waits for another request gets none.
        if status == WorkerStatus::Idle { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// An instance takes one request.
struct OneRequest;

impl WorkerState for OneRequest {
    type StoreData = Host;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if concurrent + total == 0 { ShouldAccept::Yes } else { ShouldAccept::Never }
    }

    fn on_request_start(
        &self,
        _: StoreContextMut<'_, Host>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        Box::pin(std::future::pending())
    }

    fn drop(&self, _: Store<Host>, ended: Result<()>) {
        if let Err(error) = ended {
            eprintln!("the guest failed: {error:#}");
        }
    }
}
