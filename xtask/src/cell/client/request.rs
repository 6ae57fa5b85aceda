//! An HTTP request of a client step and its expected response.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use super::MAX_BYTES;
use crate::cell::preopens::Contents;
use wasmlab_model::scenario::Response;

/// A request, independent of its connection.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub method: &'a str,
    pub headers: &'a BTreeMap<String, String>,
    pub body: &'a str,
    pub expect: &'a Response,
    pub contents: Contents<'a>,
    pub limit: Duration,
}

impl Request<'_> {
    /// Sends the request to `address`, `parallel` times at once.
    ///
    /// # Errors
    /// How the first unexpected response differs.
    pub fn send(&self, address: SocketAddr, path: &str, parallel: u16) -> Result<(), String> {
        let url = format!("http://{address}{path}");
        if parallel <= 1 {
            return self.send_one(&url);
        }
        // Keeps this many connections open at once, however fast each request finishes.
        let open = |_| TcpStream::connect_timeout(&address, self.limit);
        let _idle: Vec<TcpStream> = (0..parallel)
            .map(open)
            .collect::<io::Result<_>>()
            .map_err(|e| format!("{parallel} connections at once: {e}"))?;
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..parallel).map(|_| scope.spawn(|| self.send_one(&url))).collect();
            all.into_iter().try_for_each(|one| one.join().unwrap_or_else(|_| Err("the client failed".to_owned())))
        })
        .map_err(|why| format!("one of {parallel} at once: {why}"))
    }

    fn send_one(&self, url: &str) -> Result<(), String> {
        // The user's proxy must not be used for the loopback address.
        let config =
            ureq::Agent::config_builder().timeout_global(Some(self.limit)).http_status_as_error(false).proxy(None);
        let agent = ureq::Agent::new_with_config(config.max_redirects(0).build());
        let mut builder = ureq::http::Request::builder().method(self.method).uri(url);
        for (name, value) in self.headers {
            builder = builder.header(name, value);
        }
        let request = builder.body(self.body.to_owned()).map_err(|e| e.to_string())?;
        let mut response = agent.run(request).map_err(|e| e.to_string())?;
        let (expect, status) = (self.expect, response.status().as_u16());
        if status != expect.status {
            return Err(format!("status {status}, expected {}", expect.status));
        }
        for (name, expected) in &expect.headers {
            let got = response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("(none)");
            if got != expected {
                return Err(format!("header {name}: {got:?}, expected {expected:?}"));
            }
        }
        let mut body = response.body_mut().with_config().limit(MAX_BYTES).reader();
        if let Some(file) = &expect.body_file {
            let expected = self.contents.open(file).map_err(|e| format!("`{file}`: {e}"))?;
            return compare(&mut body, expected).map_err(|why| format!("the body differs from {file}: {why}"));
        }
        let mut got = Vec::new();
        body.read_to_end(&mut got).map_err(|e| format!("the body: {e}"))?;
        self.check_response(&got)
    }

    fn check_response(&self, got: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(got);
        let shown = || text.chars().take(80).collect::<String>();
        match (&self.expect.body, self.expect.body_contains.iter().find(|part| !text.contains(part.as_str()))) {
            (Some(expected), _) if got != expected.as_bytes() => {
                Err(format!("the body is {:?}, expected {expected:?}", shown()))
            }
            (_, Some(part)) => Err(format!("the body does not contain {part:?}: it is {:?}", shown())),
            _ => Ok(()),
        }
    }
}

/// Compares two streams up to their ends.
fn compare(got: &mut impl Read, mut expected: impl Read) -> Result<(), String> {
    let (mut ours, mut theirs) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    let mut at = 0_u64;
    loop {
        let n = got.read(&mut ours).map_err(|e| format!("after {at} bytes: {e}"))?;
        if n == 0 {
            let left = io::copy(&mut expected, &mut io::sink()).map_err(|e| e.to_string())?;
            return if left == 0 { Ok(()) } else { Err(format!("it ends after {at} bytes: {left} are missing")) };
        }
        let (ours, theirs) = (&ours[..n], &mut theirs[..n]);
        expected.read_exact(theirs).map_err(|_| format!("it is longer than {at} bytes"))?;
        if let Some(offset) = ours.iter().zip(theirs.iter()).position(|(a, b)| a != b) {
            return Err(format!("byte {} differs", at + offset as u64));
        }
        at += n as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn bodies_are_compared_completely() {
        let long = vec![7; 200_000];
        let mut other = long.clone();
        other[150_000] = 8;
        let check = |got: &[u8], expected: &[u8]| compare(&mut &*got, expected).err();
        assert_eq!(check(&long, &long), None);
        assert_eq!(check(&long, &other).as_deref(), Some("byte 150000 differs"));
        assert_eq!(check(&long[..9], &long[..10]).as_deref(), Some("it ends after 9 bytes: 1 are missing"));
        assert!(check(&long, &long[..9]).is_some());
        assert_eq!(check(b"", b""), None);
    }
}
