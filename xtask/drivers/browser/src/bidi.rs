//! The part of WebDriver BiDi that one page needs. <https://w3c.github.io/webdriver-bidi/>

use std::sync::mpsc::{self, Sender};

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::Client;
use crate::open_page::{Closing, Navigation, OpenPage};

/// The tab that shows the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The only tab of a new browser.
    First,
    /// The tab of a new context, which shares no data, workers or processes with others.
    OfNewContext,
}

/// Opens a page in a browser with its protocol at `address`, and forwards what happens there.
///
/// # Errors
/// The browser's error.
pub fn open(address: &str, tab: Tab, events: Sender<PageEvent>) -> Result<OpenPage, String> {
    let mut client = Client::connect(address)?;
    // Nobody can answer `alert` and similar dialogs: dismiss them, so that the guest continues.
    let prompts = json!({ "alwaysMatch": { "unhandledPromptBehavior": { "default": "dismiss" } } });
    client.call("session.new", json!({ "capabilities": prompts }))?;
    let wanted = ["browsingContext.navigationStarted", "browsingContext.contextDestroyed", "log.entryAdded"];
    client.call("session.subscribe", json!({ "events": wanted }))?;
    let (context, tab) = match tab {
        Tab::First => (None, client.call("browsingContext.getTree", json!({}))?["contexts"][0]["context"].take()),
        Tab::OfNewContext => {
            let context = client.call("browser.createUserContext", json!({}))?["userContext"].take();
            let wanted = json!({ "type": "tab", "userContext": context });
            (context.as_str().map(str::to_owned), client.call("browsingContext.create", wanted)?["context"].take())
        }
    };
    let tab = tab.as_str().ok_or("the browser opened no tab")?.to_owned();
    let load = ("browsingContext.navigate", json!({ "context": tab, "wait": "none" }));
    let writer = client.writer()?;
    let (sender, responses) = mpsc::channel();
    let navigation = Navigation::default();
    let followed = navigation.clone();
    client.follow(events, move |_, message| {
        if message["id"].is_u64() {
            sender.send(message.clone()).ok();
        }
        read(message, &tab, &followed)
    })?;
    let closing = context.map(|context| Closing { context, responses });
    Ok(OpenPage { writer, load, navigation, closing })
}

fn read(message: &Value, tab: &str, navigation: &Navigation) -> Option<PageEvent> {
    let params = &message["params"];
    let is_tab = params["context"] == tab;
    match message["method"].as_str()? {
        "browsingContext.contextDestroyed" if is_tab => Some(PageEvent::Left("closed itself".to_owned())),
        "browsingContext.navigationStarted" if is_tab => navigation.event(params["url"].as_str().unwrap_or_default()),
        // Uncaught errors only; the lab's own script reports everything else.
        "log.entryAdded" if params["type"] == "javascript" && params["level"] == "error" => {
            Some(PageEvent::stderr_line(params["text"].as_str().unwrap_or_default()))
        }
        _ => None,
    }
}
