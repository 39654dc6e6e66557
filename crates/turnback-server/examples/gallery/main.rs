//! Writes every page of the dashboard in every state, made up, to look at it without a database:
//! `cargo run -p turnback-server --example gallery -- DIR`, then any web server over DIR.

#[path = "canary.rs"]
mod canary_view;
mod frames;
mod made_up;
mod pages;
mod records;

use std::fs;
use std::path::Path;

use turnback_server::dashboard::assets::{ASSETS, address};

fn main() -> std::io::Result<()> {
    let Some(directory) = std::env::args().nth(1) else {
        return Err(std::io::Error::other(
            "say where to: cargo run -p turnback-server --example gallery -- DIR",
        ));
    };
    let directory = Path::new(&directory);
    for asset in &ASSETS {
        let path = directory.join(address(asset.name).trim_start_matches('/'));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, asset.text)?;
    }
    let mut list = String::from("<!doctype html><title>Gallery</title><ul>");
    for (name, page) in frames::all() {
        fs::write(directory.join(format!("{name}.html")), page)?;
        list.push_str(&format!("<li><a href=\"{name}.html\">{name}</a>"));
    }
    fs::write(directory.join("index.html"), list + "</ul>")
}
