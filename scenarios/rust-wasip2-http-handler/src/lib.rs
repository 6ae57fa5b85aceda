//! Answers HTTP requests that the host accepts: `wasi:http/incoming-handler`, by crate `wasip2` alone.

use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Handler;

impl wasip2::exports::http::incoming_handler::Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let (status, text) = match (request.method(), request.path_with_query().as_deref()) {
            (Method::Get, Some("/")) => (200, "hello\n"),
            (Method::Get, _) => (404, "nothing here\n"),
            _ => (405, "only GET\n"),
        };
        respond(out, status, text);
    }
}

/// The calls below fail only for a body or a header that is no valid one: these are.
fn respond(out: ResponseOutparam, status: u16, text: &str) {
    let headers = Fields::new();
    headers.set("content-type", &[b"text/plain".to_vec()]).expect("a valid header");
    let response = OutgoingResponse::new(headers);
    response.set_status_code(status).expect("a valid status");
    let body = response.body().expect("the body is taken once");
    // Set before the body is written, so that the client has the head at once.
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    // The client may have gone: that is no error of the guest's.
    stream.blocking_write_and_flush(text.as_bytes()).ok();
    drop(stream);
    OutgoingBody::finish(body, None).ok();
}

wasip2::http::proxy::export!(Handler);
