//! The HTTP client for a guest's requests: plain HTTP, to addresses that [`crate::network`] permits.

use http_body_util::BodyExt;
use hyper::Request;
use hyper::client::conn::http1;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmlab_protocol::Network;
use wasmtime_wasi::runtime;
use wasmtime_wasi_http::bindings::http::types::{DnsErrorPayload, ErrorCode};
use wasmtime_wasi_http::body::HyperOutgoingBody;
use wasmtime_wasi_http::hyper_request_error;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::types::{HostFutureIncomingResponse, IncomingResponse, OutgoingRequestConfig};

use crate::component::http;
use crate::network;

/// Sends a guest's requests.
pub(crate) struct Outgoing {
    /// The permitted network.
    pub(crate) network: Network,
}

impl Outgoing {
    /// Sends a request.
    pub(crate) fn send(
        &self,
        request: Request<HyperOutgoingBody>,
        config: OutgoingRequestConfig,
    ) -> HostFutureIncomingResponse {
        let network = self.network;
        HostFutureIncomingResponse::pending(runtime::spawn(async move { Ok(answered(network, request, config).await) }))
    }
}

async fn answered(
    network: Network,
    mut request: Request<HyperOutgoingBody>,
    config: OutgoingRequestConfig,
) -> Result<IncomingResponse, ErrorCode> {
    if config.use_tls {
        return Err(ErrorCode::TlsProtocolError);
    }
    let authority = request.uri().authority().ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let no_lookup =
        || ErrorCode::DnsError(DnsErrorPayload { rcode: Some("no name is looked up".to_owned()), info_code: None });
    let address = http::address(authority).ok_or_else(no_lookup)?;
    if !network::reachable(network, address) {
        return Err(ErrorCode::DestinationIpProhibited);
    }
    let stream = timeout(config.connect_timeout, TcpStream::connect(address))
        .await
        .map_err(|_| ErrorCode::ConnectionTimeout)?
        .map_err(|_| ErrorCode::ConnectionRefused)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(hyper_request_error)?;
    // Runs as long as the response exists, because the guest may read the body at any time.
    let worker = runtime::spawn(async move {
        connection.await.ok();
    });
    *request.uri_mut() = http::origin_form(request.uri()).ok_or(ErrorCode::HttpRequestUriInvalid)?;
    let response = timeout(config.first_byte_timeout, sender.send_request(request))
        .await
        .map_err(|_| ErrorCode::ConnectionReadTimeout)?
        .map_err(hyper_request_error)?;
    Ok(IncomingResponse {
        resp: response.map(|body| body.map_err(hyper_request_error).boxed()),
        worker: Some(worker),
        between_bytes_timeout: config.between_bytes_timeout,
    })
}
