//! Where the browser and its driver are.

use std::path::PathBuf;
use std::process::Command;

use crate::counterparts::counterparts;

/// Names of the browser.
const BROWSERS: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];

/// The browser and its driver: on the path, or where `scripts/counterparts.sh` unpacks them.
pub(super) fn find() -> Option<(PathBuf, PathBuf)> {
    let browser = BROWSERS.into_iter().find_map(on_path);
    if let (Some(browser), Some(driver)) = (browser, on_path("chromedriver")) {
        return Some((browser, driver));
    }
    let root = counterparts();
    // The package's own starter reads settings below /etc; the program itself needs none.
    let browser = root.join("usr/lib/chromium/chromium");
    let driver = root.join("usr/bin/chromedriver");
    (browser.is_file() && driver.is_file()).then_some((browser, driver))
}

/// What was unpacked brings its libraries along.
pub(super) fn with_libraries(command: &mut Command) {
    let libraries = counterparts().join("usr/lib/x86_64-linux-gnu");
    if libraries.is_dir() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}
