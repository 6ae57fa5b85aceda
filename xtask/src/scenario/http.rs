//! Validates the parts of HTTP requests and responses in a scenario: if the lab sent invalid HTTP, the resulting error
//! would look like the guest's. The steps `connect` and `send` can send anything.

/// Validates a request method.
///
/// # Errors
/// Why it is invalid, to follow the key.
pub fn method(text: &str) -> Result<(), String> {
    if is_token(text) { Ok(()) } else { Err(format!("`{text}` is not a method such as GET or POST")) }
}

/// Validates a request path: the part after the address, which it must not change.
///
/// # Errors
/// Why it is invalid, to follow the key.
pub fn path(text: &str) -> Result<(), String> {
    if !text.starts_with('/') {
        return Err(format!("`{text}` does not begin with /"));
    }
    let odd = |c: &char| !c.is_ascii_graphic() || "\"#<>\\^`{|}".contains(*c);
    match text.chars().find(odd) {
        Some(odd) => Err(format!("`{text}` contains {odd:?}, which a URL must encode as %XX")),
        None => Ok(()),
    }
}

/// Validates a header.
///
/// # Errors
/// Why it is invalid, to follow the key.
pub fn header(name: &str, value: &str) -> Result<(), String> {
    if is_token(name) && value.chars().all(|c| c.is_ascii() && !c.is_control()) {
        return Ok(());
    }
    Err(format!("`{name}: {value}` is not a valid header: letters, digits and hyphens, then one line of ASCII"))
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderName, HeaderValue, Method, Request, uri::PathAndQuery};

    /// The client sends whatever passes validation unchanged.
    #[test]
    fn client_sends_whatever_passes_validation() {
        for byte in 0_u8..=0x7f {
            let c = char::from(byte);
            let path = format!("/a{c}b?x={c}y");
            if super::path(&path).is_ok() {
                let taken = path.parse::<PathAndQuery>().expect("a path");
                assert_eq!(taken.as_str(), path);
                let uri = format!("http://127.0.0.1:20000{path}");
                let request = Request::builder().uri(&uri).body(()).expect("a request");
                assert_eq!(request.uri().authority().map(|a| a.as_str()), Some("127.0.0.1:20000"), "{path}");
            }
            let word = format!("a{c}b");
            if super::method(&word).is_ok() {
                Method::from_bytes(word.as_bytes()).expect("a method");
            }
            if super::header(&word, "1").is_ok() {
                HeaderName::from_bytes(word.as_bytes()).expect("a name");
            }
            if super::header("a", &word).is_ok() {
                HeaderValue::from_str(&word).expect("a value");
            }
        }
        for path in ["/", "//x@example.org/", "/a%20b/../c;d=1,2?e=[f]&g=~!$'()*+:@"] {
            super::path(path).expect(path);
        }
        for path in ["", "x", "@example.org/x", ":80/", "/a b", "/a#b", "/é"] {
            assert!(super::path(path).is_err(), "{path}");
        }
    }
}
