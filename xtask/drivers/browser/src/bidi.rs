//! The part of WebDriver BiDi that one page needs. <https://w3c.github.io/webdriver-bidi/>

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::Client;

/// Opens `url` in the only tab of a new browser with its protocol at `address`, and forwards what happens there.
///
/// # Errors
/// The browser's error.
pub fn open(address: &str, url: &str, events: Sender<PageEvent>) -> Result<(), String> {
    let mut client = Client::connect(address)?;
    // Nobody can answer `alert` and similar dialogs: dismiss them, so that the guest continues.
    let prompts = json!({ "alwaysMatch": { "unhandledPromptBehavior": { "default": "dismiss" } } });
    client.call("session.new", json!({ "capabilities": prompts }))?;
    let wanted = ["browsingContext.navigationStarted", "browsingContext.contextDestroyed", "log.entryAdded"];
    client.call("session.subscribe", json!({ "events": wanted }))?;
    let tree = client.call("browsingContext.getTree", json!({}))?;
    let tab = tree["contexts"][0]["context"].as_str().ok_or("the browser opened no tab")?.to_owned();
    client.call("browsingContext.navigate", json!({ "context": tab, "url": url, "wait": "none" }))?;
    // The first navigation is the one above; afterwards the page must not change.
    let mut arrived = false;
    client.follow(events, move |_, message| read(message, &tab, &mut arrived))
}

fn read(message: &Value, tab: &str, arrived: &mut bool) -> Option<PageEvent> {
    let params = &message["params"];
    let is_tab = params["context"] == tab;
    match message["method"].as_str()? {
        "browsingContext.contextDestroyed" if is_tab => Some(PageEvent::Left("closed itself".to_owned())),
        "browsingContext.navigationStarted" if is_tab => {
            let to = params["url"].as_str().unwrap_or_default();
            std::mem::replace(arrived, true).then(|| PageEvent::Left(format!("went to {to}")))
        }
        // Uncaught errors only; the lab's own script reports everything else.
        "log.entryAdded" if params["type"] == "javascript" && params["level"] == "error" => {
            Some(PageEvent::complaint(params["text"].as_str().unwrap_or_default()))
        }
        _ => None,
    }
}
