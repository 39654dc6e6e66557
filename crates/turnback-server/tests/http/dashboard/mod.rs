//! The dashboard: its forms without a socket, its pages in a real browser.

#[path = "../../../examples/gallery/canary.rs"]
mod canary_view;
#[path = "../../../examples/gallery/frames.rs"]
mod frames;
#[path = "../../../examples/gallery/made_up.rs"]
#[allow(dead_code, reason = "the gallery uses the rest")]
mod made_up;
#[path = "../../../examples/gallery/pages.rs"]
mod pages;
#[path = "../../../examples/gallery/records.rs"]
mod records;

mod backups;
mod canary;
mod course;
mod forms;
mod looks;
mod site;
