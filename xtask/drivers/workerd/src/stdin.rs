//! The guest's stdin. A worker has none, so it is read in advance and becomes part of the configuration.

use std::io::Read;
use std::sync::mpsc;
use std::time::Duration;

/// Time limit for the end of input.
const TIMEOUT: Duration = Duration::from_millis(250);

/// Everything on stdin; nothing if it stays open, as it does while a client talks to the guest.
pub fn read() -> Vec<u8> {
    let (sender, all) = mpsc::channel();
    std::thread::spawn(move || {
        let mut input = Vec::new();
        std::io::stdin().read_to_end(&mut input).ok();
        sender.send(input).ok();
    });
    all.recv_timeout(TIMEOUT).unwrap_or_default()
}
