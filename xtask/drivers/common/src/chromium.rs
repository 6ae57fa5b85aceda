//! What the lab, the browser's driver and the tests of pages share about Chromium.

/// Names of its program on PATH, the first choice first. The headless shell is Chromium without the desktop user
/// interface: the same engine at a quarter of the cost (1.1 s of CPU time per cell in Chromium 156, 0.3 s in its shell).
pub const PROGRAM_NAMES: &[&str] =
    &["chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome"];

/// The variable that names the program instead.
pub const PROGRAM_VARIABLE: &str = "WASMLAB_CHROMIUM";

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
