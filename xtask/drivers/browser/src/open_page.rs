//! A page that was opened: loads the cell's URL, and notices if the guest leaves it.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::{self, ANSWER_TIMEOUT, Writer};

/// A page that was opened.
pub struct OpenPage {
    /// Sends commands to the browser.
    pub writer: Writer,
    /// The command that loads a URL, and its parameters without the URL.
    pub load: (&'static str, Value),
    /// Navigation that the driver wants.
    pub navigation: Navigation,
    /// How to close it.
    pub closing: Option<Closing>,
}

/// How to close a page of a browser that serves other cells, too.
pub struct Closing {
    /// The page's own context.
    pub context: String,
    /// The browser's responses.
    pub responses: Receiver<Value>,
}

/// Where the driver wants the page to be; once it is there, it must not change.
#[derive(Clone, Default)]
pub struct Navigation(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    url: String,
    arrived: bool,
}

impl Navigation {
    /// The event of a page that goes to this URL, if the guest made it do so and not the driver.
    pub fn event(&self, to: &str) -> Option<PageEvent> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = state.url == to;
        if !state.arrived {
            state.arrived = is_own;
            return None;
        }
        Some(PageEvent::Left(if is_own { "loaded itself again".to_owned() } else { format!("went to {to}") }))
    }

    fn want(&self, url: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = State { url: url.to_owned(), arrived: false };
    }
}

impl OpenPage {
    /// Loads `url`, without waiting for it.
    ///
    /// # Errors
    /// If the connection to the browser is closed.
    pub fn navigate(&mut self, url: &str) -> Result<(), String> {
        self.navigation.want(url);
        let (method, mut params) = self.load.clone();
        params["url"] = json!(url);
        self.writer.send(method, params).map(drop)
    }

    /// Removes the page with its context, and ends the session, because such a browser has one at a time. A browser that
    /// has no other cell is ended instead.
    ///
    /// # Errors
    /// If the browser does not confirm it.
    pub fn close(mut self) -> Result<(), String> {
        let Some(Closing { context, responses }) = self.closing.take() else { return Ok(()) };
        let mut call = |method: &str, params: Value| {
            let id = self.writer.send(method, params)?;
            loop {
                let response = responses.recv_timeout(ANSWER_TIMEOUT).map_err(|e| format!("{method}: {e}"))?;
                if response["id"] == id {
                    return client::result(method, response).map(drop);
                }
            }
        };
        call("browser.removeUserContext", json!({ "userContext": context }))?;
        call("session.end", json!({}))
    }
}
