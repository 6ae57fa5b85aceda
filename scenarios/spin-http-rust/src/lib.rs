//! Spin's `http-rust` template: a component that answers requests, and a trigger in spin.toml that hands them over.

use spin_sdk::http::{FullBody, IntoResponse, Request, StatusCode};
use spin_sdk::http_service;

/// Answers `/tkb`, the route that spin.toml has; the lab's host asks for others too.
#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    let (status, body) = match request.uri().path() {
        "/tkb" => (StatusCode::OK, "Hello, Fermyon\n"),
        _ => (StatusCode::NOT_FOUND, "nothing here\n"),
    };
    (status, FullBody::new(body.as_bytes()))
}
