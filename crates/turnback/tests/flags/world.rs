//! A plan with a control store, and the program beside it.

use std::process::{Command, Output};

use serde_json::Value;

/// A directory with a plan; its control store is made by the first command.
pub struct World(tempfile::TempDir);

/// What a command came to.
pub struct Done {
    pub code: Option<i32>,
    pub said: String,
    pub complained: String,
}

impl World {
    pub fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        world.write(
            "turnback.yaml",
            "version: 1\nname: shop\ntarget: postgres://nobody@127.0.0.1:1/shop\nphases:\n  - id: users\n    operations:\n      - convert_key: { table: users, to: uuid }\n",
        );
        world
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.path().join(name), text).unwrap();
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.path().join(name).exists()
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap()
    }

    /// Runs a command by somebody on call.
    pub fn run(&self, arguments: &[&str]) -> Done {
        let done: Output = Command::new(env!("CARGO_BIN_EXE_turnback"))
            .args(arguments)
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env("USER", "on-call")
            .output()
            .expect("the program was built");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Done {
            code: done.status.code(),
            said: text(&done.stdout),
            complained: text(&done.stderr),
        }
    }

    /// What a command says that comes to its end.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let done = self.run(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.complained);
        done.said
    }

    pub fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--json"]].concat())).unwrap()
    }
}
