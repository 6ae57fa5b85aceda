//! Compares the requests that the lab's servers received with the expected ones.

use super::text::quote;
use wasmlab_model::observation::RecordedRequest;
use wasmlab_model::scenario::ExpectedRequest;

/// The first difference, if any. Compares nothing if nothing is expected.
pub fn mismatch(recorded: &[RecordedRequest], expected: &[ExpectedRequest]) -> Option<String> {
    if expected.is_empty() {
        return None;
    }
    for (index, expected) in expected.iter().enumerate() {
        let Some(recorded) = recorded.get(index) else {
            let line = format!("{} {}", expected.method, expected.path);
            return Some(format!("the server `{}` did not receive {}", expected.server, quote(&line)));
        };
        if let Some(mismatch) = differs(recorded, expected) {
            return Some(format!("request {} to `{}`: {mismatch}", index + 1, recorded.server));
        }
    }
    let extra = recorded.get(expected.len())?;
    let line = quote(&format!("{} {}", extra.method, extra.path));
    Some(format!(
        "the server `{}` also received {line}: {} requests in total, expected {}",
        extra.server,
        recorded.len(),
        expected.len()
    ))
}

fn differs(recorded: &RecordedRequest, expected: &ExpectedRequest) -> Option<String> {
    if let Some(refusal) = &recorded.refused {
        return Some(refusal.clone());
    }
    if recorded.server != expected.server {
        return Some(format!("it went to `{}`, expected `{}`", recorded.server, expected.server));
    }
    let line = |method: &str, path: &str| quote(&format!("{method} {path}"));
    let (actual, expected_line) = (line(&recorded.method, &recorded.path), line(&expected.method, &expected.path));
    if actual != expected_line {
        return Some(format!("{actual}, expected {expected_line}"));
    }
    for (name, value) in &expected.headers {
        let actual = recorded.headers.get(&name.to_ascii_lowercase());
        if actual != Some(value) {
            let actual = actual.map_or_else(|| "(none)".to_owned(), |text| quote(text));
            return Some(format!("header {name}: {actual}, expected {}", quote(value)));
        }
    }
    let body = expected.body.as_ref().filter(|body| **body != recorded.body)?;
    Some(format!("the body is {}, expected {}", quote(&recorded.body), quote(body)))
}

#[cfg(test)]
mod tests {
    use super::mismatch;
    use wasmlab_model::observation::RecordedRequest;
    use wasmlab_model::scenario::ExpectedRequest;

    fn recorded(method: &str, path: &str) -> RecordedRequest {
        let headers = [("accept".to_owned(), "text/plain".to_owned())].into();
        RecordedRequest {
            server: "api".into(),
            method: method.into(),
            path: path.into(),
            headers,
            ..RecordedRequest::default()
        }
    }

    fn expected(toml: &str) -> ExpectedRequest {
        toml::from_str(&format!("server = \"api\"\n{toml}")).unwrap()
    }

    #[test]
    fn all_requests_are_compared_in_order() {
        let hello = [expected("path = \"/hello\"\nheaders = { Accept = \"text/plain\" }")];
        let good = recorded("GET", "/hello");
        let once = [good.clone()];
        assert_eq!(mismatch(&once, &[]), None, "nothing is expected");
        assert_eq!(mismatch(&once, &hello), None);
        for (is, message) in [
            (vec![], "did not receive \"GET /hello\""),
            (vec![recorded("POST", "/hello")], "request 1 to `api`: \"POST /hello\", expected \"GET /hello\""),
            (vec![good.clone(), good.clone()], "also received \"GET /hello\": 2 requests in total, expected 1"),
            (vec![RecordedRequest { refused: Some("no HTTP".into()), ..good.clone() }], "no HTTP"),
            (vec![RecordedRequest { server: "other".into(), ..good.clone() }], "expected `api`"),
            (
                vec![RecordedRequest { headers: [].into(), ..good.clone() }],
                "header Accept: (none), expected \"text/plain\"",
            ),
        ] {
            let found = mismatch(&is, &hello).unwrap_or_default();
            assert!(found.contains(message), "`{found}` does not say `{message}`");
        }
        let body = expected("path = \"/hello\"\nbody = \"x\"");
        assert_eq!(mismatch(&[good], &[body]).as_deref(), Some("request 1 to `api`: the body is \"\", expected \"x\""));
    }
}
