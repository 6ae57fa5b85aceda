//! The HTTP handler of a component, for WASI 0.2 or 0.3.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::{Request, Response, StatusCode};
use wasmlab_protocol::CellSpec;
use wasmtime::component::{GuestTaskId, InstancePre};
use wasmtime::{Result, Store, StoreContextMut};
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyHandler, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpView, p2, p3};

use crate::component::host::{self, Host};

/// A handler that has not been instantiated yet.
#[derive(Clone)]
pub(crate) struct Handler {
    handler: ProxyHandler<Server>,
}

impl Handler {
    /// The handler exported by `unlinked`.
    ///
    /// # Errors
    /// The error for 0.2, if it exports a handler of neither version.
    pub(crate) fn new(spec: &CellSpec, unlinked: InstancePre<Host>) -> Result<Self> {
        let guest = match p2::bindings::ProxyPre::new(unlinked.clone()) {
            Ok(guest) => ProxyPre::P2(guest),
            Err(error) => p3::bindings::ServicePre::new(unlinked).map(ProxyPre::P3).map_err(|_| error)?,
        };
        Ok(Self { handler: ProxyHandler::new(Server { spec: spec.clone(), guest }) })
    }

    /// Instantiates it without a request, to see whether that works.
    pub(crate) async fn instantiate(&self, store: &mut Store<Host>) -> Result<()> {
        self.handler.state().guest.instantiate_async(store).await.map(|_| ())
    }

    /// The guest's response; if the guest fails, a server error.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
        self.handler.handle((), request).await.unwrap_or_else(|error| {
            eprintln!("failed to handle a request: {error:#}");
            let body = Full::new(Bytes::from("the guest failed\n")).map_err(Error::from).boxed_unsync();
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }
}

/// Creates instances.
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

/// The cell has a time limit; requests have none of their own.
struct Never;

impl WorkerExpiration for Never {
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>, status: WorkerStatus, _: Instant) -> Poll<()> {
        // An idle instance is ended, because it gets no further request.
        if status == WorkerStatus::Idle { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Each instance handles one request.
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

    fn drop(&self, _: Store<Host>, result: Result<()>) {
        if let Err(error) = result {
            eprintln!("the guest failed: {error:#}");
        }
    }
}
