//! The HTTP client for a guest's requests: plain HTTP, to addresses that [`crate::network`] permits.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper::http::uri::{Authority, Scheme};
use hyper::http::{Request, Response, Uri};
use tokio::net::TcpStream;
use tokio::time::timeout;
use wasmlab_protocol::Network;
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

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
    let address = address(request.uri().authority().ok_or(Error::HttpRequestUriInvalid)?)?;
    if !network::reachable(network, address) {
        return Err(Error::DestinationIpProhibited);
    }
    let connecting = options.as_ref().and_then(|o| o.connect_timeout).unwrap_or(LIMIT);
    let answering = options.and_then(|o| o.first_byte_timeout).unwrap_or(LIMIT);
    let stream = timeout(connecting, TcpStream::connect(address)).await.map_err(|_| Error::ConnectionTimeout)?;
    let stream = TokioIo::new(stream.map_err(Error::Connect)?);
    let (mut sender, connection) = http1::handshake(stream).await?;
    // Runs on the cell's only thread as long as the cell, because the guest may read the body at any time.
    let connection = tokio::spawn(connection);
    // Only proxies get scheme and authority.
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = Uri::try_from(path).map_err(|_| Error::HttpRequestUriInvalid)?;
    let response =
        timeout(answering, sender.send_request(request)).await.map_err(|_| Error::ConnectionReadTimeout)??;
    let driver = async move {
        match connection.await {
            Ok(ended) => Ok(ended?),
            Err(error) => Err(Error::InternalError(Some(error.to_string()))),
        }
    };
    Ok((response.map(|body| body.map_err(Error::from).boxed_unsync()), Box::new(driver)))
}

/// No names are resolved, except `localhost`.
fn address(authority: &Authority) -> Result<SocketAddr, Error> {
    let host = authority.host().trim_matches(['[', ']']);
    let host = if host == "localhost" { "127.0.0.1" } else { host };
    let ip = host
        .parse()
        .map_err(|_| Error::DnsError { rcode: Some("no name is looked up".to_owned()), info_code: None })?;
    Ok(SocketAddr::new(ip, authority.port_u16().unwrap_or(80)))
}
