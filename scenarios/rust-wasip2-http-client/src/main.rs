//! A web client on `wasi:http/outgoing-handler`: the guest says what it wants, the host speaks HTTP.
//!
//! Prints one line a capability.

use std::process::ExitCode;

use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, IncomingBody, Method, OutgoingRequest, Scheme};
use wasip2::io::streams::StreamError;

fn main() -> ExitCode {
    let Some(authority) = std::env::args().nth(1) else {
        println!("usage: rust-wasip2-http-client HOST:PORT");
        return ExitCode::FAILURE;
    };
    match get(&authority, "/greeting") {
        Ok((status, body)) => {
            println!("lab: http-request ok");
            match (status, body.as_str()) {
                (200, "Hello from the lab\n") => println!("lab: http-response ok"),
                _ => println!("lab: http-response wrong {status} {body:?}"),
            }
        }
        Err(error) => println!("lab: http-request {}", message(&error)),
    }
    ExitCode::SUCCESS
}

/// One request; the status and the whole body of its answer.
fn get(authority: &str, path: &str) -> Result<(u16, String), ErrorCode> {
    let headers = Fields::new();
    headers.set("accept", &[b"text/plain".to_vec()]).expect("a valid header");
    let request = OutgoingRequest::new(headers);
    request.set_method(&Method::Get).expect("a valid method");
    request.set_scheme(Some(&Scheme::Http)).expect("a valid scheme");
    request.set_authority(Some(authority)).expect("a valid authority");
    request.set_path_with_query(Some(path)).expect("a valid path");
    let coming = outgoing_handler::handle(request, None)?;
    coming.subscribe().block();
    let response = coming.get().expect("it is there").expect("it is taken once")?;
    let body = response.consume().expect("the body is taken once");
    let stream = body.stream().expect("the stream is taken once");
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(4096) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => {
                return Err(ErrorCode::InternalError(Some(error.to_debug_string())));
            }
        }
    }
    drop(stream);
    IncomingBody::finish(body);
    Ok((response.status(), String::from_utf8_lossy(&bytes).into_owned()))
}

/// A refusal as the lab reads it: what the host forbids is EACCES, any other error is shown as it is.
fn message(error: &ErrorCode) -> String {
    match error {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => "errno=2".to_owned(),
        error => format!("wrong {error:?}"),
    }
}
