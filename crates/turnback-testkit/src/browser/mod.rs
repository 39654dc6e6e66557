//! A real browser without a window, for tests of pages: Chromium, driven by WebDriver (W3C).

mod place;
mod wire;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use self::wire::Wire;

/// A condition that does not come about in this time never will: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a condition.
const BETWEEN: Duration = Duration::from_millis(40);

/// A browser with one window. Ends with the value.
pub struct Browser {
    driver: Child,
    wire: Wire,
    session: String,
    /// Where it keeps its profile, and whatever it forgets to tidy away. Goes with the value.
    _scratch: TempDir,
}

impl Browser {
    /// Starts one; nothing where there is none on this machine, which is said in a sentence.
    ///
    /// # Panics
    ///
    /// When there is one, and it does not start.
    pub fn start() -> Option<Self> {
        let Some((chromium, driver)) = place::find() else {
            eprintln!(
                "skipped: this test looks at pages in Chromium, which is not here; \
                 `scripts/counterparts.sh` fetches it"
            );
            return None;
        };
        let scratch = tempfile::tempdir().expect("there is a place for temporary files");
        let mut driver = Command::new(driver);
        place::with_libraries(&mut driver);
        let mut driver = driver
            .arg("--port=0")
            .env("TMPDIR", scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the driver is a program: it was found just now");
        let port = port(&mut driver);
        let wire = Wire::new(port);
        let mut arguments = vec![
            "--headless=new",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--force-color-profile=srgb",
            "--window-size=1280,900",
        ];
        // Chromium refuses to run as root with its sandbox, and pages here are our own.
        arguments.push("--no-sandbox");
        let asked = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
        } } });
        let answer = wire
            .send("POST", "/session", Some(&asked))
            .unwrap_or_else(|why| panic!("the browser does not start: {why}"));
        let session = answer["sessionId"].as_str().expect("a session has an id");
        Some(Self {
            driver,
            session: session.to_owned(),
            wire,
            _scratch: scratch,
        })
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let path = format!("/session/{}{path}", self.session);
        self.wire.send(method, &path, body)
    }

    /// Opens a page, and waits until it is there.
    pub fn open(&self, url: &str) {
        self.send("POST", "/url", Some(&json!({ "url": url })))
            .unwrap_or_else(|why| panic!("{url} does not open: {why}"));
    }

    /// What the body of a function gives in the page.
    pub fn run(&self, script: &str) -> Value {
        self.try_run(script)
            .unwrap_or_else(|why| panic!("the page refuses {script}: {why}"))
    }

    fn try_run(&self, script: &str) -> Result<Value, String> {
        let body = json!({ "script": script, "args": [] });
        self.send("POST", "/execute/sync", Some(&body))
    }

    /// The text that one sees in what a selector finds.
    pub fn text(&self, selector: &str) -> String {
        let found = self.run(&format!(
            "const found = document.querySelector({}); return found ? found.innerText : ''",
            json!(selector)
        ));
        found.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression holds in the page, whatever page that is by then.
    ///
    /// # Panics
    ///
    /// When it does not come about, with what the page says.
    pub fn until(&self, expression: &str) {
        let since = Instant::now();
        let script = format!("return Boolean({expression})");
        // A page that is being left refuses scripts for a moment.
        while self.try_run(&script) != Ok(Value::Bool(true)) {
            assert!(
                since.elapsed() < PATIENCE,
                "{expression} does not come about; the page at {} says:\n{}",
                self.run("return location.href"),
                self.text("body")
            );
            rest();
        }
    }

    /// Waits until the page says this.
    pub fn until_says(&self, text: &str) {
        let folded = "document.body.innerText.replace(/\\s+/g, ' ')";
        self.until(&format!("{folded}.includes({})", json!(text)));
    }

    /// Clicks what a selector finds, once it is there.
    pub fn click(&self, selector: &str) {
        let since = Instant::now();
        // What lives may be drawn anew between finding and clicking.
        loop {
            let clicked = self.element(selector).and_then(|element| {
                self.send(
                    "POST",
                    &format!("/element/{element}/click"),
                    Some(&json!({})),
                )
            });
            match clicked {
                Ok(_) => return,
                Err(why) if since.elapsed() > PATIENCE => {
                    panic!("{selector} cannot be clicked: {why}\n{}", self.text("body"))
                }
                Err(_) => rest(),
            }
        }
    }

    /// Types into what a selector finds.
    pub fn write(&self, selector: &str, text: &str) {
        let typed = self.element(selector).and_then(|element| {
            let body = json!({ "text": text });
            self.send("POST", &format!("/element/{element}/value"), Some(&body))
        });
        typed.unwrap_or_else(|why| panic!("nothing can be typed into {selector}: {why}"));
    }

    /// Presses a key, whatever has the focus: `\u{E004}` is Tab, `\u{E007}` Enter.
    pub fn press(&self, key: char) {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": [
            { "type": "keyDown", "value": key }, { "type": "keyUp", "value": key },
        ] }] });
        self.send("POST", "/actions", Some(&actions))
            .unwrap_or_else(|why| panic!("a key cannot be pressed: {why}"));
    }

    fn element(&self, selector: &str) -> Result<String, String> {
        let body = json!({ "using": "css selector", "value": selector });
        let found = self.send("POST", "/element", Some(&body))?;
        let id = found.as_object().and_then(|found| found.values().next());
        id.and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| "the driver gives no element".to_owned())
    }

    /// A command of the DevTools protocol.
    pub fn command(&self, name: &str, parameters: Value) {
        let body = json!({ "cmd": name, "params": parameters });
        self.send("POST", "/goog/cdp/execute", Some(&body))
            .unwrap_or_else(|why| panic!("{name} is refused: {why}"));
    }

    /// Shows pages in a window so wide, in pixels.
    pub fn width(&self, width: u32) {
        self.command(
            "Emulation.setDeviceMetricsOverride",
            json!({ "width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false }),
        );
    }

    /// Shows pages as in the dark, or in the light.
    pub fn dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.command(
            "Emulation.setEmulatedMedia",
            json!({ "features": features }),
        );
    }

    /// Lets scripts of pages run, or not.
    pub fn scripts(&self, run: bool) {
        self.command(
            "Emulation.setScriptExecutionDisabled",
            json!({ "value": !run }),
        );
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends the browser with the session; without an answer both end below.
        let _ = self.send("DELETE", "", None);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Between two looks. A browser is driven from a test's own thread, not from a runtime's.
#[allow(
    clippy::disallowed_methods,
    reason = "no worker of a runtime waits here"
)]
fn rest() {
    std::thread::sleep(BETWEEN);
}

/// The driver says where it listens once it does.
fn port(driver: &mut Child) -> u16 {
    let stdout = driver.stdout.take().expect("its output is piped");
    let mut said = String::new();
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        if let Some((_, port)) = line.rsplit_once("started successfully on port ")
            && let Ok(port) = port.trim_end_matches('.').parse()
        {
            return port;
        }
        said.push_str(&line);
        said.push('\n');
    }
    panic!("the driver of the browser ended before it listened; it said:\n{said}");
}
