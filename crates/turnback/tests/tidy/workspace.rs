//! The workspace as the rules see it: files with their text, packages with what they use.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A text file and where it is, from the workspace's root.
#[derive(Debug)]
pub struct File {
    /// For example `crates/turnback-core/src/lib.rs`.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// A package of the workspace.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it depends on, workspace or not.
    pub dependencies: Vec<Dependency>,
}

/// One line of a package's dependencies.
#[derive(Debug)]
pub struct Dependency {
    /// The package's name, whatever it is called here.
    pub name: String,
    /// Whether only tests use it.
    pub for_tests: bool,
}

/// The checkout this test was built from.
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        Self {
            root: root.canonicalize().expect("the workspace is there"),
        }
    }

    /// Every file below a folder that ends in one of `extensions`, in order; none where
    /// there is no such folder.
    pub fn files_below(&self, folder: &str, extensions: &[&str]) -> Vec<File> {
        let mut files = Vec::new();
        self.collect(&self.root.join(folder), extensions, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    fn collect(&self, folder: &Path, extensions: &[&str], files: &mut Vec<File>) {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            if path.is_dir() {
                self.collect(&path, extensions, files);
            } else if path
                .extension()
                .and_then(|extension| extension.to_str())
                .is_some_and(|extension| extensions.contains(&extension))
            {
                files.push(self.file(&path));
            }
        }
    }

    /// The documents: what lies in `docs/`, and the pages at the root.
    pub fn documents(&self) -> Vec<File> {
        let mut documents = self.files_below("docs", &["md"]);
        for entry in std::fs::read_dir(&self.root).expect("a readable root") {
            let path = entry.expect("a readable root").path();
            if path.extension().is_some_and(|extension| extension == "md") {
                documents.push(self.file(&path));
            }
        }
        documents
    }

    fn file(&self, path: &Path) -> File {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let path = path.strip_prefix(&self.root).expect("below the root");
        File {
            path: path.display().to_string(),
            text,
        }
    }

    /// The text of one file, if it is there.
    pub fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.root.join(path)).ok()
    }

    /// Whether there is a file or folder.
    pub fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The packages, as cargo understands their manifests.
    pub fn packages(&self) -> Vec<Package> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(cargo)
            .args(["metadata", "--no-deps", "--offline", "--format-version=1"])
            .current_dir(&self.root)
            .output()
            .expect("cargo starts");
        assert!(
            output.status.success(),
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
        list(&metadata["packages"], |package| Package {
            name: name(package),
            dependencies: list(&package["dependencies"], |dependency| Dependency {
                name: name(dependency),
                for_tests: dependency["kind"] == "dev",
            }),
        })
    }
}

fn list<T>(values: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    values
        .as_array()
        .expect("cargo prints a list")
        .iter()
        .map(read)
        .collect()
}

fn name(value: &Value) -> String {
    value["name"].as_str().expect("a name").to_owned()
}
