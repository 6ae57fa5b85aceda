//! The part of the DevTools protocol that one page needs. <https://chromedevtools.github.io/devtools-protocol/>

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

use crate::cell::PageEvent;
use crate::client::Client;
use crate::open_page::{Navigation, OpenPage};

/// Opens a page in its own browser context through the DevTools at `address`, and forwards what happens there.
///
/// # Errors
/// Chromium's error.
pub fn open(address: &str, events: Sender<PageEvent>) -> Result<OpenPage, String> {
    let mut client = Client::connect(address)?;
    let context = client.call("Target.createBrowserContext", json!({}))?;
    let wanted = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
    let target = client.call("Target.createTarget", wanted)?;
    let attached = client.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))?;
    client.enter(attached["sessionId"].as_str().ok_or("Target.attachToTarget: no session")?);
    for domain in ["Runtime", "Log", "Inspector", "Page"] {
        client.call(&format!("{domain}.enable"), json!({}))?;
    }
    let writer = client.writer()?;
    let navigation = Navigation::default();
    let followed = navigation.clone();
    client.follow(events, move |client, message| read(client, message, &followed))?;
    Ok(OpenPage { writer, load: ("Page.navigate", json!({})), navigation, closing: None })
}

fn read(client: &mut Client, message: &Value, navigation: &Navigation) -> Option<PageEvent> {
    let params = &message["params"];
    let stderr_line = |text: Option<&str>| Some(PageEvent::stderr_line(text.unwrap_or_default()));
    match message["method"].as_str()? {
        "Inspector.targetCrashed" => Some(PageEvent::Crashed("the page crashed".to_owned())),
        "Inspector.detached" | "Target.detachedFromTarget" => Some(PageEvent::Left("closed itself".to_owned())),
        "Page.frameNavigated" if params["frame"]["parentId"].is_null() => {
            navigation.event(params["frame"]["url"].as_str().unwrap_or_default())
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
