//! JSON over a WebSocket: what both protocols of browsers are.

use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;
use tungstenite::{Message, WebSocket};

/// How long a browser may take to answer.
const ANSWER: Duration = Duration::from_secs(60);

/// A connection to a browser.
pub struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Connects to `HOST:PORT/PATH`.
    ///
    /// # Errors
    /// What the system or the browser answers.
    pub fn connect(address: &str) -> Result<Self, String> {
        let host = address.split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(host).map_err(|e| e.to_string())?;
        stream.set_read_timeout(Some(ANSWER)).map_err(|e| e.to_string())?;
        let (socket, _) = tungstenite::client(format!("ws://{address}"), stream).map_err(|e| e.to_string())?;
        Ok(Self(socket))
    }

    /// From here on silence is the guest's right: it may compute for long.
    ///
    /// # Errors
    /// What the system answers.
    pub fn be_patient(&self) -> Result<(), String> {
        self.0.get_ref().set_read_timeout(None).map_err(|e| e.to_string())
    }

    /// Sends one message.
    ///
    /// # Errors
    /// When the connection is gone.
    pub fn send(&mut self, message: &Value) -> Result<(), String> {
        self.0.send(Message::text(message.to_string())).map_err(|e| format!("{}: {e}", message["method"]))
    }

    /// The next message.
    ///
    /// # Errors
    /// When there is none in time, or the connection is gone.
    pub fn next(&mut self) -> Result<Value, String> {
        loop {
            if let Message::Text(text) = self.0.read().map_err(|e| e.to_string())? {
                return serde_json::from_str(&text).map_err(|e| e.to_string());
            }
        }
    }
}
