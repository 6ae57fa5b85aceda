//! The part of the DevTools protocol that one page needs. <https://chromedevtools.github.io/devtools-protocol/>

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::Client;

/// Opens `url` in its own browser context through the DevTools at `address`, and forwards what happens there.
///
/// # Errors
/// Chromium's error.
pub fn open(address: &str, url: &str, events: Sender<PageEvent>) -> Result<(), String> {
    let mut client = Client::connect(address)?;
    let context = client.call("Target.createBrowserContext", json!({}))?;
    let wanted = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
    let target = client.call("Target.createTarget", wanted)?;
    let attached = client.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))?;
    client.enter(attached["sessionId"].as_str().ok_or("Target.attachToTarget: no session")?);
    for domain in ["Runtime", "Log", "Inspector", "Page"] {
        client.call(&format!("{domain}.enable"), json!({}))?;
    }
    client.send("Page.navigate", json!({ "url": url }))?;
    let mut page = Page { url: url.to_owned(), arrived: false };
    client.follow(events, move |client, message| page.read(client, message))
}

/// The page being observed.
struct Page {
    /// Its URL, and whether it has been reached; from then on it must not change.
    url: String,
    arrived: bool,
}

impl Page {
    fn read(&mut self, client: &mut Client, message: &Value) -> Option<PageEvent> {
        let params = &message["params"];
        let stderr_line = |text: Option<&str>| Some(PageEvent::stderr_line(text.unwrap_or_default()));
        match message["method"].as_str()? {
            "Inspector.targetCrashed" => Some(PageEvent::Crashed("the page crashed".to_owned())),
            "Inspector.detached" | "Target.detachedFromTarget" => Some(PageEvent::Left("closed itself".to_owned())),
            "Page.frameNavigated" if params["frame"]["parentId"].is_null() => {
                let to = params["frame"]["url"].as_str().unwrap_or_default();
                let is_own = to == self.url;
                if !self.arrived {
                    self.arrived = is_own;
                    return None;
                }
                Some(PageEvent::Left(if is_own { "loaded itself again".to_owned() } else { format!("went to {to}") }))
            }
            // Nobody can answer `alert` and similar dialogs: dismiss them, so that the guest continues.
            "Page.javascriptDialogOpening" => {
                client.send("Page.handleJavaScriptDialog", json!({ "accept": false })).ok();
                None
            }
            // Uncaught errors only; the lab's own script reports everything else.
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                stderr_line(details["exception"]["description"].as_str().or(details["text"].as_str()))
            }
            "Log.entryAdded" if params["entry"]["level"] == "error" => stderr_line(params["entry"]["text"].as_str()),
            _ => None,
        }
    }
}
