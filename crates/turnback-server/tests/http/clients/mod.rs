//! Clients that nobody here wrote, against the process on a real socket. `scripts/counterparts.sh`
//! fetches them where this machine has what they need; a test says that it is skipped elsewhere.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use turnback_core::flag::{Change, FlagSet, Stored};
use turnback_server::access::Role;
use turnback_server::{Listening, app, listen};
use turnback_testkit::counterparts;

use crate::fake::Fake;

/// Where `scripts/counterparts.sh` unpacks them.
fn fetched(client: &str) -> Option<PathBuf> {
    let place = counterparts().join(client);
    // Written when all of it is there.
    let there = place.join("fetched").is_file();
    if !there {
        println!(
            "skipped: {client} is not here; `scripts/counterparts.sh` fetches it where it can"
        );
    }
    there.then_some(place)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/http/clients")
        .join(name)
}

/// A process that listens, in a world with flags of every type.
struct Served {
    fake: Fake,
    token: String,
    url: String,
    _listening: Listening,
}

fn served() -> Served {
    let fake = Fake::default();
    let flag = |variants: Value, default: &str, targeting: Value| {
        json!({
            "state": "ENABLED",
            "variants": variants,
            "defaultVariant": default,
            "targeting": targeting,
            "metadata": { "owner": "web" },
        })
    };
    let none = json!({});
    fake.world().flags = Stored {
        version: 1,
        set: FlagSet::read(&json!({ "flags": {
            "users-uuid": flag(json!({ "on": true, "off": false }), "off", json!({ "fractional": [["on", 500], ["off", 500]] })),
            "greeting": flag(json!({ "short": "Hi", "long": "Good day" }), "long", json!({ "if": [{ "==": [{ "var": "tier" }, "gold"] }, "short"] })),
            "pages": flag(json!({ "few": 3, "many": 30 }), "many", none.clone()),
            "rate": flag(json!({ "low": 0.5, "high": 2.5 }), "low", none.clone()),
            "colours": flag(json!({ "warm": { "top": "red" } }), "warm", none),
            "broken": flag(json!({ "on": true }), "on", json!({ "cat": ["nobody"] })),
        }}))
        .expect("good definitions"),
    };
    let token = fake.token("shop", Role::Viewer);
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listening = listen(socket, None, app(fake.server())).expect("it listens");
    Served {
        fake,
        token,
        url: format!("http://{}", listening.address),
        _listening: listening,
    }
}

fn cases() -> Value {
    let case = |kind: &str, key: &str, default: Value, context: Value| json!({ "type": kind, "key": key, "default": default, "context": context });
    json!([
        case(
            "boolean",
            "users-uuid",
            json!(false),
            json!({ "targetingKey": "user-2" })
        ),
        case(
            "boolean",
            "users-uuid",
            json!(true),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "string",
            "greeting",
            json!("?"),
            json!({ "targetingKey": "user-1", "tier": "gold" })
        ),
        case(
            "string",
            "greeting",
            json!("?"),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "integer",
            "pages",
            json!(0),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "float",
            "rate",
            json!(0.0),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "object",
            "colours",
            json!({}),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "boolean",
            "maintenance",
            json!(true),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "boolean",
            "nobody",
            json!(true),
            json!({ "targetingKey": "user-1" })
        ),
        case("boolean", "users-uuid", json!(true), json!({})),
        case(
            "boolean",
            "broken",
            json!(false),
            json!({ "targetingKey": "user-1" })
        ),
        case(
            "boolean",
            "greeting",
            json!(true),
            json!({ "targetingKey": "user-1" })
        ),
    ])
}

/// What each client must have got: value, variant, reason, error.
fn expected(fake: &Fake) -> Vec<[Value; 4]> {
    let got = |value: Value, variant: &str, reason: &str| {
        [value, json!(variant), json!(reason), Value::Null]
    };
    let failed = |default: Value, code: &str| [default, Value::Null, json!("ERROR"), json!(code)];
    // Which half they are in is held against another implementation in the core's tests.
    let half = |who: &str| {
        let set = fake.world().flags.set.clone();
        let who = turnback_core::flag::Context::of(who);
        let answer = set.evaluate("users-uuid", &who, 0).expect("a value");
        got(answer.value, &answer.variant, "TARGETING_MATCH")
    };
    vec![
        half("user-2"),
        half("user-1"),
        got(json!("Hi"), "short", "TARGETING_MATCH"),
        got(json!("Good day"), "long", "DEFAULT"),
        got(json!(30), "many", "STATIC"),
        got(json!(0.5), "low", "STATIC"),
        got(json!({ "top": "red" }), "warm", "STATIC"),
        got(json!(false), "off", "STATIC"),
        failed(json!(true), "FLAG_NOT_FOUND"),
        failed(json!(true), "TARGETING_KEY_MISSING"),
        failed(json!(false), "GENERAL"),
        failed(json!(true), "TYPE_MISMATCH"),
    ]
}

/// What a client hands on of what it got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum HandsOn {
    /// All of it.
    All,
    /// Values and variants, and that there is none: what else it says is its own.
    Values,
}

/// Has a client ask for every case, and looks at what it got.
async fn asks(served: &Served, mut client: Command, hands_on: HandsOn) {
    client
        .args([&served.url, &served.token])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let done = tokio::task::spawn_blocking(move || {
        let mut child = client.spawn().expect("it starts");
        let mut stdin = child.stdin.take().expect("it reads");
        stdin
            .write_all(cases().to_string().as_bytes())
            .expect("it reads");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    })
    .await
    .expect("it was waited for");
    let complained = String::from_utf8_lossy(&done.stderr).into_owned();
    let got: Vec<Value> = serde_json::from_slice(&done.stdout).expect(&complained);
    let expected = expected(&served.fake);
    assert_eq!(got.len(), expected.len());
    for ((case, got), [value, variant, reason, error]) in cases()
        .as_array()
        .expect("cases")
        .iter()
        .zip(&got)
        .zip(&expected)
    {
        assert_eq!(&got["value"], value, "{case}");
        assert_eq!(got["error"].is_null(), error.is_null(), "{case}");
        if error.is_null() {
            assert_eq!(&got["variant"], variant, "{case}");
        }
        if hands_on == HandsOn::All {
            assert_eq!(&got["reason"], reason, "{case}");
            assert_eq!(&got["error"], error, "{case}");
        }
    }
    if hands_on == HandsOn::All {
        assert_eq!(got[2]["metadata"]["owner"], "web");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_client_gets_what_is_served() {
    let Some(place) = fetched("openfeature-python") else {
        return;
    };
    let mut python = Command::new("python3");
    python.arg(script("ask.py")).env("PYTHONPATH", place);
    asks(&served(), python, HandsOn::All).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_client_of_servers_gets_what_is_served() {
    let Some(place) = fetched("openfeature-js-server") else {
        return;
    };
    let mut node = Command::new("node");
    node.arg(script("ask.js"))
        .env("NODE_PATH", place.join("node_modules"));
    asks(&served(), node, HandsOn::All).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rust_client_gets_what_is_served() {
    let Some(place) = fetched("openfeature-rust") else {
        return;
    };
    // Version 0.1.2 calls every reason STATIC, and every status 400 INVALID_CONTEXT.
    asks(&served(), Command::new(place.join("ask")), HandsOn::Values).await;
}

/// A page that is open.
struct Page {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Page {
    fn open(place: &Path, served: &Served, keys: &[&str]) -> Self {
        let mut child = Command::new("node")
            .arg(script("watch.js"))
            .args([&served.url, &served.token, "user-1"])
            .args(keys)
            .env("NODE_PATH", place.join("node_modules"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("it speaks");
        Self {
            child,
            stdin,
            lines: BufReader::new(stdout).lines(),
        }
    }

    /// What it holds next.
    fn holds(&mut self) -> Value {
        let line = self.lines.next().expect("a line").expect("it speaks");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_client_of_browsers_is_told_of_changes() {
    let Some(place) = fetched("openfeature-js-web") else {
        return;
    };
    let served = served();
    let fake = served.fake.clone();
    let change = move |change: Change| {
        let mut world = fake.world();
        let set = change.apply(&world.flags.set).expect("a good change");
        let version = world.flags.version + 1;
        world.flags = Stored { version, set };
    };
    let share = |share: &str| Change::SetShare {
        key: "users-uuid".to_owned(),
        share: share.parse().expect("a share"),
    };
    change(share("0%"));
    tokio::task::spawn_blocking(move || {
        let mut page = Page::open(&place, &served, &["users-uuid", "maintenance"]);
        let held = page.holds();
        assert_eq!(
            held["users-uuid"],
            json!({ "value": false, "variant": "off", "reason": "TARGETING_MATCH" })
        );
        assert_eq!(held["maintenance"]["value"], json!(false));
        change(share("100%"));
        assert_eq!(page.holds()["users-uuid"]["value"], json!(true));
        change(Change::DisableAll);
        assert_eq!(
            page.holds()["users-uuid"],
            json!({ "value": false, "variant": "off", "reason": "DISABLED" })
        );
    })
    .await
    .expect("it holds what is served");
}
