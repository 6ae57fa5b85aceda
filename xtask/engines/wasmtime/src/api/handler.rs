//! A component's HTTP handler, of WASI 0.2 or 0.3.

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

/// A handler that was not instantiated yet.
#[derive(Clone)]
pub(crate) struct Handler {
    handler: ProxyHandler<Server>,
}

impl Handler {
    /// The handler that `unlinked` exports.
    ///
    /// # Errors
    /// That of 0.2 where it exports none of either version.
    pub(crate) fn new(spec: &CellSpec, unlinked: InstancePre<Host>) -> Result<Self> {
        let guest = match p2::bindings::ProxyPre::new(unlinked.clone()) {
            Ok(guest) => ProxyPre::P2(guest),
            Err(error) => p3::bindings::ServicePre::new(unlinked).map(ProxyPre::P3).map_err(|_| error)?,
        };
        Ok(Self { handler: ProxyHandler::new(Server { spec: spec.clone(), guest }) })
    }

    /// Instantiates it, for no request.
    pub(crate) async fn instantiate(&self, store: &mut Store<Host>) -> Result<()> {
        self.handler.state().guest.instantiate_async(store).await.map(|_| ())
    }

    /// What the guest answers; where it fails, its client is told so as by any server.
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
