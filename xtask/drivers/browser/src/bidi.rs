//! The part of WebDriver BiDi that one page needs. <https://w3c.github.io/webdriver-bidi/>

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::socket::Socket;

/// The only tab of a fresh browser.
pub struct Page {
    socket: Socket,
    sent: u64,
    context: String,
    events: Sender<PageEvent>,
    /// Whether the page's own address was asked for: from then on it must stay.
    asked: bool,
}

impl Page {
    /// Opens `url` through the protocol at `address` and follows the page from another thread.
    ///
    /// # Errors
    /// What the browser answers.
    pub fn open(address: &str, url: &str, events: Sender<PageEvent>) -> Result<(), String> {
        let socket = Socket::connect(address)?;
        let mut page = Self { socket, sent: 0, context: String::new(), events, asked: false };
        // Nobody is there to answer `alert` and its like: they are refused, and the guest goes on.
        let prompts = json!({ "alwaysMatch": { "unhandledPromptBehavior": { "default": "dismiss" } } });
        page.ask("session.new", json!({ "capabilities": prompts }))?;
        let events = ["browsingContext.navigationStarted", "browsingContext.contextDestroyed", "log.entryAdded"];
        page.ask("session.subscribe", json!({ "events": events }))?;
        let tree = page.ask("browsingContext.getTree", json!({}))?;
        let context = tree["contexts"][0]["context"].as_str().ok_or("the browser opened no tab")?;
        page.context = context.to_owned();
        page.ask("browsingContext.navigate", json!({ "context": context, "url": url, "wait": "none" }))?;
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

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.sent += 1;
        self.socket.send(&json!({ "id": self.sent, "method": method, "params": params }))?;
        loop {
            let mut message = self.socket.next()?;
            if message["id"] != self.sent {
                self.handle(&message);
            } else if message["type"] == "success" {
                return Ok(message["result"].take());
            } else {
                return Err(format!("{method}: {}", message["message"]));
            }
        }
    }

    fn handle(&mut self, message: &Value) {
        let params = &message["params"];
        let ours = params["context"] == self.context.as_str();
        let page_event = match message["method"].as_str() {
            Some("browsingContext.contextDestroyed") if ours => PageEvent::Left("closed itself".to_owned()),
            Some("browsingContext.navigationStarted") if ours => {
                if !std::mem::replace(&mut self.asked, true) {
                    return;
                }
                PageEvent::Left(format!("went to {}", params["url"].as_str().unwrap_or_default()))
            }
            // What the page did not catch: the lab's own script reports all else itself.
            Some("log.entryAdded") if params["type"] == "javascript" && params["level"] == "error" => {
                PageEvent::Stderr(format!("{}\n", params["text"].as_str().unwrap_or_default()).into_bytes())
            }
            _ => return,
        };
        self.events.send(page_event).ok();
    }
}
