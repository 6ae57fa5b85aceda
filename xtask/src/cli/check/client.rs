//! `check` for servers and clients: the guest's network and the requests that the lab sends. Everything maps to
//! scenario features: ports, steps, the entry `http`.

use anyhow::Result;

use crate::cli::common::{UsageError, usage};
use crate::scenario::http;
use wasmlab_model::scenario::{EntryPointKind, Port, Response, Run, Step};
use wasmlab_protocol::Network;

/// Name of the port for a handler.
const HTTP: &str = "http";
/// The time limit of a step without `--timeout`, in milliseconds.
const STEP_MS: u64 = 10_000;

#[derive(Clone, Debug, Default, PartialEq, clap::Args)]
pub struct ClientArgs {
    /// Network access for the guest
    #[arg(long, value_name = "WHICH")]
    pub network: Option<NetworkArg>,
    /// The guest listens on this loopback port. With a NAME, each runtime gets a free port of its own, and the lab
    /// replaces `{port:NAME}` in arguments and --env with it. The lab waits until the guest listens, then sends each
    /// --request (or only connects if there are none). Implies --network loopback; may be repeated
    #[arg(long, value_name = "PORT|NAME", conflicts_with = "invoke")]
    pub listen: Vec<String>,
    /// The file exports a wasi:http handler: the runtime serves it and the lab sends requests
    #[arg(long, conflicts_with_all = ["invoke", "listen"])]
    pub http: bool,
    /// Send a request to the first --listen port, or to the handler of --http; require this status and, if given, this
    /// text in the body; may be repeated [default with --http: 'GET / 200']
    #[arg(long, value_name = "METHOD PATH STATUS [TEXT]")]
    pub request: Vec<String>,
}

/// The network of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkArg {
    /// No network [default]
    None,
    /// The loopback interface only
    Loopback,
}

impl ClientArgs {
    /// Whether cells running in parallel would collide because they listen on the same port.
    pub fn is_one_at_a_time(&self) -> bool {
        self.listen.iter().any(|port| port.parse::<u16>().is_ok())
    }

    /// Sets the guest's network, ports and entry point, and returns the client steps. `timeout`: limit of
    /// a step, milliseconds.
    pub fn apply(&self, run: &mut Run, timeout: Option<u64>) -> Result<Vec<Step>> {
        self.apply_fields(run, timeout.unwrap_or(STEP_MS)).map_err(|(_, error)| error)
    }

    /// As [`Self::apply`]; an error has the field that it is about.
    fn apply_fields(&self, run: &mut Run, timeout_ms: u64) -> Result<Vec<Step>, (&'static str, anyhow::Error)> {
        let wrong = |field, message: String| Err((field, UsageError(message).into()));
        let serves = self.http || !self.listen.is_empty();
        if self.network == Some(NetworkArg::Loopback) || serves {
            run.network = Network::Loopback;
        }
        if self.network == Some(NetworkArg::None) && serves {
            let message = "a server needs clients, and --network none forbids them: remove `--network none`";
            return wrong("network", message.to_owned());
        }
        if !self.request.is_empty() && !serves {
            let remedy = "add --listen PORT, or --http if the file exports a wasi:http handler";
            return wrong("request", format!("--request needs a server: {remedy}"));
        }
        for text in &self.listen {
            run.port.push(port(text).map_err(|error| ("listen", error))?);
        }
        if self.http {
            run.entry = EntryPointKind::Http;
            run.port.push(Port { name: HTTP.to_owned(), number: None });
        }
        if let Some(twice) = (1..run.port.len()).find(|index| run.port[..*index].contains(&run.port[*index])) {
            return wrong("listen", format!("--listen `{}` is given twice", run.port[twice].name));
        }
        self.steps(run, timeout_ms).map_err(|error| ("request", error))
    }

    /// Every mistake, with the field that has it: `listen[0]`.
    pub fn invalid_fields(&self) -> Vec<(String, String)> {
        let listen = self.listen.iter().enumerate().map(|(n, text)| (format!("listen[{n}]"), port(text).err()));
        let requests = self.request.iter().enumerate();
        let requests = requests.map(|(n, text)| (format!("request[{n}]"), request(text, HTTP, STEP_MS).err()));
        let each = listen.chain(requests).filter_map(|(name, error)| Some((name, error?.to_string())));
        let each: Vec<_> = each.collect();
        if !each.is_empty() {
            return each;
        }
        // Options that contradict each other.
        let wrong = self.apply_fields(&mut Run::default(), STEP_MS).err();
        wrong.map(|(field, error)| (field.to_owned(), error.to_string())).into_iter().collect()
    }

    fn steps(&self, run: &mut Run, timeout_ms: u64) -> Result<Vec<Step>> {
        let Some(first) = run.port.first().map(|port| port.name.clone()) else { return Ok(Vec::new()) };
        let mut steps = Vec::new();
        if !run.stdin.is_empty() {
            steps.push(Step::Write { data: std::mem::take(&mut run.stdin) });
        }
        steps.extend(run.port.iter().map(|port| Step::Listen { socket: port.name.clone(), timeout_ms }));
        let usual = [format!("GET / {}", 200)];
        let requests = if self.request.is_empty() && self.http { &usual[..] } else { &self.request };
        for text in requests {
            steps.push(request(text, &first, timeout_ms)?);
        }
        if requests.is_empty() {
            steps.push(Step::Connect { socket: first, id: "client".to_owned(), timeout_ms });
            steps.push(Step::Close { id: "client".to_owned() });
        }
        Ok(steps)
    }
}

fn port(text: &str) -> Result<Port> {
    if let Ok(number) = text.parse::<u32>() {
        return match u16::try_from(number).ok().filter(|number| *number > 0) {
            Some(number) => Ok(Port { name: format!("port-{number}"), number: Some(number) }),
            None => usage(format!("--listen {number} is not a port: 1 to 65535, or a name")),
        };
    }
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !plain {
        return usage(format!("--listen `{text}` is neither a port nor a name of letters a-z, digits and hyphens"));
    }
    Ok(Port { name: text.to_owned(), number: None })
}

/// Parses `GET / 200` or `GET /list 200 first entry`.
fn request(text: &str, socket: &str, timeout_ms: u64) -> Result<Step> {
    let wrong = |why: String| usage(format!("--request `{text}`: {why}; write METHOD PATH STATUS, as in 'GET / 200'"));
    let mut parts = text.trim().splitn(4, ' ');
    let (Some(method), Some(path), Some(status)) = (parts.next(), parts.next(), parts.next()) else {
        return wrong("something is missing".to_owned());
    };
    if let Err(why) = http::method(method).and_then(|()| http::path(path)) {
        return wrong(why);
    }
    let status = match status.parse::<u16>() {
        Ok(status) if (100..=599).contains(&status) => status,
        _ => return wrong(format!("`{status}` is not a response status, 100 to 599")),
    };
    Ok(Step::Request {
        socket: socket.to_owned(),
        method: method.to_owned(),
        path: path.to_owned(),
        headers: Default::default(),
        body: String::new(),
        parallel: 1,
        expect: Response {
            status,
            body_contains: parts.next().map(str::to_owned).into_iter().collect(),
            ..Response::default()
        },
        timeout_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::{ClientArgs, NetworkArg, port, request};
    use wasmlab_model::scenario::{EntryPointKind, Run, Step};
    use wasmlab_protocol::Network;

    fn args(listen: &[&str], http: bool, request: &[&str]) -> ClientArgs {
        let owned = |parts: &[&str]| parts.iter().map(|word| (*word).to_owned()).collect();
        ClientArgs { network: None, listen: owned(listen), http, request: owned(request) }
    }

    fn check(args: &ClientArgs, expected: &[&str]) -> Run {
        let mut run = Run::default();
        let steps = args.apply(&mut run, None).unwrap();
        let ops: Vec<String> = steps.iter().map(|step| toml::to_string(step).unwrap()).collect();
        let ops: Vec<&str> = ops.iter().map(|op| op.lines().next().unwrap().trim_start_matches("op = ")).collect();
        assert_eq!(ops, expected);
        run
    }

    #[test]
    fn options_map_to_scenario_fields() {
        let run = check(&args(&[], false, &[]), &[]);
        assert_eq!((run.network, run.port.len()), (Network::None, 0));
        let run = check(&args(&[], true, &[]), &["\"listen\"", "\"request\""]);
        assert_eq!(
            (run.entry, run.network, run.port[0].name.as_str()),
            (EntryPointKind::Http, Network::Loopback, "http")
        );
        let run =
            check(&args(&["echo", "8080"], false, &[]), &["\"listen\"", "\"listen\"", "\"connect\"", "\"close\""]);
        assert_eq!(
            (run.entry, run.network, run.port[1].number),
            (EntryPointKind::Command, Network::Loopback, Some(8080))
        );
        check(
            &args(&["web"], false, &["GET / 200", "PUT /x 404 no such"]),
            &["\"listen\"", "\"request\"", "\"request\""],
        );
        assert!(args(&["8080"], false, &[]).is_one_at_a_time() && !args(&["web"], false, &[]).is_one_at_a_time());
    }

    #[test]
    fn invalid_options_are_reported() {
        let fails = |result: anyhow::Result<Step>, parts: &str| {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(parts), "{error}");
        };
        fails(request("GET /", "http", 1), "something is missing");
        fails(request("GET x 200", "http", 1), "`x` does not begin with /");
        fails(request("GET / twice", "http", 1), "`twice` is not a response status");
        let error = args(&[], false, &["GET / 200"]).apply(&mut Run::default(), None).unwrap_err().to_string();
        assert!(error.contains("--request needs a server"), "{error}");
        let error = args(&["web", "web"], false, &[]).apply(&mut Run::default(), None).unwrap_err().to_string();
        assert!(error.contains("`web` is given twice"), "{error}");
        let wrong_field = |args: ClientArgs| args.invalid_fields().remove(0).0;
        let without_network = ClientArgs { network: Some(NetworkArg::None), ..args(&["web"], false, &[]) };
        assert_eq!(wrong_field(without_network), "network");
        assert_eq!(wrong_field(args(&["web", "web"], false, &[])), "listen");
        assert!(port("0").is_err() && port("70000").is_err() && port("Web!").is_err());
    }
}
