//! What the browser's driver and the tests of the lab's own pages share about Chromium.

/// Switches that limit a headless Chromium to its page: no window, no services, no traffic of its own.
pub const HEADLESS_SWITCHES: &[&str] = &[
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--disable-breakpad",
    // In the headless shell, V8 handles out-of-bounds memory accesses only if the crash reporter is on; otherwise the
    // page crashes instead of trapping. Reports stay in the profile.
    "--enable-crash-reporter",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    // There are no secrets, and a desktop's keyring would prompt the user.
    "--password-store=basic",
];
