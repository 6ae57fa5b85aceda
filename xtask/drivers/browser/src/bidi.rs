//! The part of WebDriver BiDi that one page needs. <https://w3c.github.io/webdriver-bidi/>

use std::sync::mpsc::{self, Receiver, Sender};

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::{self, ANSWER_TIMEOUT, Client, Writer};

/// The tab that shows the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The only tab of a new browser.
    First,
    /// The tab of a new context, which shares no data, workers or processes with others.
    OfNewContext,
}

/// A page that was opened.
pub struct OpenPage {
    writer: Writer,
    responses: Receiver<Value>,
    context: Option<String>,
}

/// Opens `url` in a browser with its protocol at `address`, and forwards what happens there.
///
/// # Errors
/// The browser's error.
pub fn open(address: &str, url: &str, tab: Tab, events: Sender<PageEvent>) -> Result<OpenPage, String> {
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
    client.call("browsingContext.navigate", json!({ "context": tab, "url": url, "wait": "none" }))?;
    let writer = client.writer()?;
    let (sender, responses) = mpsc::channel();
    // The first navigation is the one above; afterwards the page must not change.
    let mut arrived = false;
    client.follow(events, move |_, message| {
        if message["id"].is_u64() {
            sender.send(message.clone()).ok();
        }
        read(message, &tab, &mut arrived)
    })?;
    Ok(OpenPage { writer, responses, context })
}

impl OpenPage {
    /// Removes the page with its context, and ends the session: a browser has one at a time.
    ///
    /// # Errors
    /// If the browser does not confirm it.
    pub fn close(mut self) -> Result<(), String> {
        if let Some(context) = self.context.take() {
            self.call("browser.removeUserContext", json!({ "userContext": context }))?;
        }
        self.call("session.end", json!({}))
    }

    fn call(&mut self, method: &str, params: Value) -> Result<(), String> {
        let id = self.writer.send(method, params)?;
        loop {
            let response = self.responses.recv_timeout(ANSWER_TIMEOUT).map_err(|e| format!("{method}: {e}"))?;
            if response["id"] == id {
                return client::result(method, response).map(drop);
            }
        }
    }
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
            Some(PageEvent::stderr_line(params["text"].as_str().unwrap_or_default()))
        }
        _ => None,
    }
}
