//! The HTTP handler of a component, for WASI 0.2.

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use tokio::sync::oneshot;
use wasmlab_protocol::CellSpec;
use wasmtime::component::InstancePre;
use wasmtime::{Error, Result, Store};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::bindings::ProxyPre;
use wasmtime_wasi_http::bindings::http::types::Scheme;
use wasmtime_wasi_http::body::HyperOutgoingBody;

use crate::component::host::{self, Host};

/// A handler that has not been instantiated yet.
#[derive(Clone)]
pub(crate) struct Handler {
    spec: CellSpec,
    guest: ProxyPre<Host>,
}

impl Handler {
    /// The handler exported by `unlinked`.
    ///
    /// # Errors
    /// If it exports none.
    pub(crate) fn new(spec: &CellSpec, unlinked: InstancePre<Host>) -> Result<Self> {
        Ok(Self { spec: spec.clone(), guest: ProxyPre::new(unlinked)? })
    }

    /// Instantiates it without a request, to see whether that works.
    pub(crate) async fn instantiate(&self, store: &mut Store<Host>) -> Result<()> {
        self.guest.instantiate_async(store).await.map(|_| ())
    }

    /// The guest's response; if the guest fails, a server error.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<HyperOutgoingBody> {
        self.handle(request).await.unwrap_or_else(|error| {
            eprintln!("failed to handle a request: {error:#}");
            let body = Full::new(Bytes::from("the guest failed\n")).map_err(|never| match never {}).boxed();
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        })
    }

    /// The response of a new instance, which handles only this request and may continue after responding.
    async fn handle(&self, request: Request<Incoming>) -> Result<Response<HyperOutgoingBody>> {
        let guest = self.guest.clone();
        let mut store = host::store(guest.engine(), &self.spec).map_err(|cause| Error::msg(format!("{cause:?}")))?;
        let (sender, receiver) = oneshot::channel();
        let request = store.data_mut().new_incoming_request(Scheme::Http, request)?;
        let out = store.data_mut().new_response_outparam(sender)?;
        let task = tokio::spawn(async move {
            let proxy = guest.instantiate_async(&mut store).await?;
            let result = proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await;
            if let Err(error) = &result {
                eprintln!("the guest failed: {error:#}");
            }
            result
        });
        match receiver.await {
            Ok(response) => Ok(response?),
            Err(_) => {
                task.await??;
                Err(Error::msg("the guest gave no response"))
            }
        }
    }
}
