//! The part of the DevTools protocol that one page needs. <https://chromedevtools.github.io/devtools-protocol/>

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::socket::Socket;

/// A page in a browser context of its own.
pub struct Page {
    socket: Socket,
    sent: u64,
    session: Option<String>,
    events: Sender<PageEvent>,
    /// The page's own address, and whether it was there: from then on it must stay.
    url: String,
    arrived: bool,
}

impl Page {
    /// Opens `url` through the DevTools at `address` and follows the page from another thread.
    ///
    /// # Errors
    /// What Chromium answers.
    pub fn open(address: &str, url: &str, events: Sender<PageEvent>) -> Result<(), String> {
        let socket = Socket::connect(address)?;
        let mut page = Self { socket, sent: 0, session: None, events, url: url.to_owned(), arrived: false };
        let context = page.ask("Target.createBrowserContext", json!({}))?;
        let wanted = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = page.ask("Target.createTarget", wanted)?;
        let attached = page.ask("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))?;
        page.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Runtime", "Log", "Inspector", "Page"] {
            page.ask(&format!("{domain}.enable"), json!({}))?;
        }
        page.send("Page.navigate", json!({ "url": url }))?;
        page.socket.be_patient()?;
        std::thread::spawn(move || {
            let why = loop {
                match page.socket.next() {
                    Ok(message) => page.handle(&message),
                    Err(why) => break why,
                }
            };
            page.events.send(PageEvent::Crashed(format!("the browser ended: {why}"))).ok();
        });
        Ok(())
    }

    fn send(&mut self, method: &str, params: Value) -> Result<u64, String> {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(&message)?;
        Ok(self.sent)
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.send(method, params)?;
        loop {
            let mut message = self.socket.next()?;
            if message["id"] != id {
                self.handle(&message);
            } else if message["error"].is_null() {
                return Ok(message["result"].take());
            } else {
                return Err(format!("{method}: {}", message["error"]["message"]));
            }
        }
    }

    fn handle(&mut self, message: &Value) {
        let params = &message["params"];
        let page_event = match message["method"].as_str() {
            Some("Inspector.targetCrashed") => PageEvent::Crashed("the page crashed".to_owned()),
            Some("Inspector.detached" | "Target.detachedFromTarget") => PageEvent::Left("closed itself".to_owned()),
            Some("Page.frameNavigated") if params["frame"]["parentId"].is_null() => {
                let to = params["frame"]["url"].as_str().unwrap_or_default();
                if !self.arrived {
                    self.arrived = to == self.url;
                    return;
                }
                PageEvent::Left(if to == self.url { "loaded itself again".to_owned() } else { format!("went to {to}") })
            }
            // Nobody is there to answer `alert` and its like: they are refused, and the guest goes on.
            Some("Page.javascriptDialogOpening") => {
                self.send("Page.handleJavaScriptDialog", json!({ "accept": false })).ok();
                return;
            }
            // What the page did not catch: the lab's own script reports all else itself.
            Some("Runtime.exceptionThrown") => {
                let details = &params["exceptionDetails"];
                let text = details["exception"]["description"].as_str().or(details["text"].as_str());
                PageEvent::Stderr(format!("{}\n", text.unwrap_or_default()).into_bytes())
            }
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                PageEvent::Stderr(format!("{}\n", params["entry"]["text"].as_str().unwrap_or_default()).into_bytes())
            }
            _ => return,
        };
        self.events.send(page_event).ok();
    }
}
