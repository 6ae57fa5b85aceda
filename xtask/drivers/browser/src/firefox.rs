//! Starts Firefox.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::browser::{Browser, create_profile};
use crate::ports;

/// Limits Firefox to the cell: no traffic or pages of its own, and no processes that a cell does not need.
/// <https://firefox-source-docs.mozilla.org/remote/Prefs.html>
const PREFERENCES: &[(&str, &str)] = &[
    ("remote.prefs.recommended", "true"),
    ("app.normandy.enabled", "false"),
    ("browser.newtabpage.enabled", "false"),
    ("browser.shell.checkDefaultBrowser", "false"),
    ("browser.startup.homepage_override.mstone", "\"ignore\""),
    ("browser.startup.page", "0"),
    ("browser.safebrowsing.malware.enabled", "false"),
    ("browser.safebrowsing.phishing.enabled", "false"),
    ("browser.topsites.contile.enabled", "false"),
    ("datareporting.policy.dataSubmissionEnabled", "false"),
    // A process ends with its page.
    ("dom.ipc.keepProcessesAlive.webIsolated.max", "0"),
    ("dom.ipc.processCount", "1"),
    ("dom.ipc.processPrelaunch.enabled", "false"),
    ("extensions.enabledScopes", "0"),
    ("extensions.systemAddon.update.enabled", "false"),
    ("extensions.update.enabled", "false"),
    ("layers.gpu-process.enabled", "false"),
    // Real-time connections do not use the proxy.
    ("media.peerconnection.enabled", "false"),
    ("media.rdd-process.enabled", "false"),
    ("network.captive-portal-service.enabled", "false"),
    ("network.connectivity-service.enabled", "false"),
    ("network.http.http3.enable", "false"),
    ("network.process.enabled", "false"),
    // Everything not excepted goes to a proxy that does not exist, including new windows and navigation, which no
    // policy of the page restricts.
    ("network.proxy.type", "1"),
    ("network.proxy.http", "\"127.0.0.1\""),
    ("network.proxy.http_port", "1"),
    ("network.proxy.ssl", "\"127.0.0.1\""),
    ("network.proxy.ssl_port", "1"),
    ("network.proxy.socks", "\"127.0.0.1\""),
    ("network.proxy.socks_port", "1"),
    ("network.proxy.socks_remote_dns", "true"),
    ("network.proxy.allow_hijacking_localhost", "true"),
    ("services.settings.server", "\"data:,\""),
    ("toolkit.telemetry.server", "\"\""),
];

/// Starts `program` on a new profile and waits until WebDriver BiDi listens. Its pages reach these ports of the
/// loopback address only.
///
/// # Errors
/// Why it is not running.
pub fn start(program: &Path, profile: &Path, reachable: &[u16]) -> Result<Browser, String> {
    create_profile(profile)?;
    let direct: Vec<String> = reachable.iter().map(|port| format!("127.0.0.1:{port}, localhost:{port}")).collect();
    let direct = format!("\"{}\"", direct.join(", "));
    let preferences = PREFERENCES.iter().copied().chain([("network.proxy.no_proxies_on", direct.as_str())]);
    let text: String = preferences.map(|(name, value)| format!("user_pref(\"{name}\", {value});\n")).collect();
    let preferences = profile.join("user.js");
    fs::write(&preferences, text).map_err(|e| format!("failed to write {}: {e}", preferences.display()))?;
    let mut command = Command::new(program);
    command.args(["--headless", "--no-remote", "--profile"]).arg(profile);
    command.arg(format!("--remote-debugging-port={}", ports::given().1));
    command.arg("about:blank");
    // Firefox's sandbox creates namespaces, which the lab's sandbox forbids; the page's process would exit.
    command.env("MOZ_DISABLE_CONTENT_SANDBOX", "1");
    let file = profile.join("WebDriverBiDiServer.json");
    Browser::start(command, || {
        let json: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).ok()?).ok()?;
        Some(format!("{}:{}/session", json["ws_host"].as_str()?, json["ws_port"].as_u64()?))
    })
}
