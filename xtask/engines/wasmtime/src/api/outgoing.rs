//! The HTTP client for a guest's requests: plain HTTP, to addresses that [`crate::network`] permits.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper::http::uri::Scheme;
use hyper::http::{Request, Response};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmlab_protocol::Network;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::component::http;
use crate::network;

/// Time limit for connections and first bytes; longer than any cell takes.
const LIMIT: Duration = Duration::from_secs(600);

/// Sends a guest's requests.
pub(crate) struct Outgoing {
    /// The permitted network.
    pub(crate) network: Network,
}

/// Drives a connection until it ends.
type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for Outgoing {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Driver,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Driver), Error>> + Send> {
        Box::new(send(self.network, request, options))
    }
}

async fn send(
    network: Network,
    mut request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Result<(Response<WasiBody>, Driver), Error> {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        return Err(Error::TlsProtocolError);
    }
    let authority = request.uri().authority().ok_or(Error::HttpRequestUriInvalid)?;
    let no_lookup = || Error::DnsError { rcode: Some("no name is looked up".to_owned()), info_code: None };
    let address = http::address(authority).ok_or_else(no_lookup)?;
    if !network::reachable(network, address) {
        return Err(Error::DestinationIpProhibited);
    }
    let connect_timeout = options.as_ref().and_then(|o| o.connect_timeout).unwrap_or(LIMIT);
    let response_timeout = options.and_then(|o| o.first_byte_timeout).unwrap_or(LIMIT);
    let stream = timeout(connect_timeout, TcpStream::connect(address)).await.map_err(|_| Error::ConnectionTimeout)?;
    let stream = TokioIo::new(stream.map_err(Error::Connect)?);
    let (mut sender, connection) = http1::handshake(stream).await?;
    // Runs on the cell's only thread as long as the cell, because the guest may read the body at any time.
    let connection = tokio::spawn(connection);
    *request.uri_mut() = http::origin_form(request.uri()).ok_or(Error::HttpRequestUriInvalid)?;
    let response =
        timeout(response_timeout, sender.send_request(request)).await.map_err(|_| Error::ConnectionReadTimeout)??;
    let driver = async move {
        match connection.await {
            Ok(result) => Ok(result?),
            Err(error) => Err(Error::InternalError(Some(error.to_string()))),
        }
    };
    Ok((response.map(|body| body.map_err(Error::from).boxed_unsync()), Box::new(driver)))
}
