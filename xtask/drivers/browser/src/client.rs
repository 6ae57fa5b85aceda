//! A client for browser protocols. As far as needed here, DevTools and WebDriver BiDi are the same: JSON over a
//! WebSocket, with commands, responses, and events in between.

use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::mpsc::Sender;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use crate::cell::PageEvent;

/// Time limit for a response.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// The end of a connection on which commands are sent.
pub struct Writer {
    socket: WebSocket<TcpStream>,
    last_id: u64,
    /// The session that commands are sent to; only DevTools has several.
    session: Option<String>,
}

/// A connection to a browser.
pub struct Client {
    writer: Writer,
    /// Messages received before the response that was waited for.
    queued: VecDeque<Value>,
}

impl Client {
    /// Connects to `HOST:PORT/PATH`.
    ///
    /// # Errors
    /// The error of the system or the browser.
    pub fn connect(address: &str) -> Result<Self, String> {
        let host = address.split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(host).map_err(|e| e.to_string())?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT)).map_err(|e| e.to_string())?;
        let (socket, _) = tungstenite::client(format!("ws://{address}"), stream).map_err(|e| e.to_string())?;
        Ok(Self { writer: Writer { socket, last_id: 0, session: None }, queued: VecDeque::new() })
    }

    /// Sends later commands to this session.
    pub fn enter(&mut self, session: &str) {
        self.writer.session = Some(session.to_owned());
    }

    /// Sends a command without waiting for its response; returns its id.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send(&mut self, method: &str, params: Value) -> Result<u64, String> {
        self.writer.send(method, params)
    }

    /// A second writer, for commands while another thread follows the messages.
    ///
    /// # Errors
    /// The error of the system.
    pub fn writer(&self) -> Result<Writer, String> {
        let Writer { socket, last_id, session } = &self.writer;
        let stream = socket.get_ref().try_clone().map_err(|e| e.to_string())?;
        let socket = WebSocket::from_raw_socket(stream, Role::Client, None);
        Ok(Writer { socket, last_id: *last_id, session: session.clone() })
    }

    /// Sends a command and waits for its result.
    ///
    /// # Errors
    /// The browser's error, or that it did not respond.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value, String> {
        let id = self.send(method, params)?;
        loop {
            let message = self.receive()?;
            if message["id"] == id {
                return result(method, message);
            }
            self.queued.push_back(message);
        }
    }

    /// Calls `read` for each message in a separate thread and forwards the results, until the connection ends. From now
    /// on silence is allowed: the guest may compute for a long time.
    ///
    /// # Errors
    /// The error of the system.
    pub fn follow(
        mut self,
        events: Sender<PageEvent>,
        mut read: impl FnMut(&mut Self, &Value) -> Option<PageEvent> + Send + 'static,
    ) -> Result<(), String> {
        self.writer.socket.get_ref().set_read_timeout(None).map_err(|e| e.to_string())?;
        std::thread::spawn(move || {
            let why = loop {
                let message = match self.queued.pop_front() {
                    Some(message) => message,
                    None => match self.receive() {
                        Ok(message) => message,
                        Err(why) => break why,
                    },
                };
                if let Some(event) = read(&mut self, &message) {
                    events.send(event).ok();
                }
            };
            events.send(PageEvent::Crashed(format!("the browser ended: {why}"))).ok();
        });
        Ok(())
    }

    fn receive(&mut self) -> Result<Value, String> {
        loop {
            if let Message::Text(text) = self.writer.socket.read().map_err(|e| e.to_string())? {
                return serde_json::from_str(&text).map_err(|e| e.to_string());
            }
        }
    }
}

/// The result in the response to the command `method`, or the browser's error.
pub fn result(method: &str, mut response: Value) -> Result<Value, String> {
    if response["error"].is_null() {
        return Ok(response["result"].take());
    }
    // DevTools returns an error object, BiDi a code with a message beside it.
    let text = response["error"]["message"].as_str().or(response["message"].as_str());
    Err(format!("{method}: {}", text.unwrap_or("failed without a message")))
}

impl Writer {
    /// Sends a command; returns its id.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send(&mut self, method: &str, params: Value) -> Result<u64, String> {
        self.last_id += 1;
        let mut message = json!({ "id": self.last_id, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).map_err(|e| format!("{method}: {e}"))?;
        Ok(self.last_id)
    }
}
