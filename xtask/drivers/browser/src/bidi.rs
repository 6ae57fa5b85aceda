//! The part of WebDriver BiDi that one page needs. <https://w3c.github.io/webdriver-bidi/>

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::Client;

/// Opens `url` in the only tab of a fresh browser, through the protocol at `address`, and passes on what happens there.
///
/// # Errors
/// What the browser answers.
pub fn open(address: &str, url: &str, events: Sender<PageEvent>) -> Result<(), String> {
    let mut client = Client::connect(address)?;
    // Nobody is there to answer `alert` and its like: they are refused, and the guest goes on.
    let prompts = json!({ "alwaysMatch": { "unhandledPromptBehavior": { "default": "dismiss" } } });
    client.call("session.new", json!({ "capabilities": prompts }))?;
    let wanted = ["browsingContext.navigationStarted", "browsingContext.contextDestroyed", "log.entryAdded"];
    client.call("session.subscribe", json!({ "events": wanted }))?;
    let tree = client.call("browsingContext.getTree", json!({}))?;
    let tab = tree["contexts"][0]["context"].as_str().ok_or("the browser opened no tab")?.to_owned();
    client.call("browsingContext.navigate", json!({ "context": tab, "url": url, "wait": "none" }))?;
    // The first navigation is the one above; from then on the page must stay.
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
        // What the page did not catch: the lab's own script reports all else itself.
        "log.entryAdded" if params["type"] == "javascript" && params["level"] == "error" => {
            Some(PageEvent::Stderr(format!("{}\n", params["text"].as_str().unwrap_or_default()).into_bytes()))
        }
        _ => None,
    }
}
