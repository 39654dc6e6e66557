//! What the pages of the gallery have in common.

use turnback_server::dashboard::view::*;

use super::made_up::{shell, texts};

/// Pages with their names.
#[derive(Default)]
pub struct Pages(pub Vec<(String, String)>);

impl Pages {
    /// Adds a page.
    pub fn add(&mut self, name: &str, page: Result<String, askama::Error>) {
        let page = page.expect("templates render made-up data");
        self.0.push((name.to_owned(), page));
    }
}

/// Every page with its name.
pub fn all() -> Vec<(String, String)> {
    let mut pages = Pages::default();
    super::pages::add_to(&mut pages);
    super::records::add_to(&mut pages);
    pages.0
}

/// Nothing is at work.
pub fn calm(here: Place, title: &str) -> Shell {
    Shell {
        standing: Standing::new(Mark::Idle, "idle", "Nothing is at work."),
        leads: Some(stands_by()),
        waiting: 0,
        can_turn_back: false,
        ..shell(here, title)
    }
}

/// Another process leads.
fn stands_by() -> Leads {
    Leads {
        badge: Badge::new(Mark::Idle, "stands by"),
        said: "This process stands by: turnback-2, process 4711 (9f3c02ab) leads (lead 3) since 2026-11-20 08:02 UTC, and runs what is asked for here.".into(),
    }
}

/// The database does not answer.
pub fn lost(here: Place, title: &str) -> Shell {
    Shell {
        standing: Standing::new(
            Mark::Unknown,
            "unknown",
            "The database does not answer since 20:11:40.",
        ),
        leads: Some(Leads {
            badge: Badge::new(Mark::Unknown, "not known who leads"),
            said: "It is not known who leads, so nothing is begun here. The control store does not answer.".into(),
        }),
        troubles: texts(&[
            "The database does not answer since 20:11:40: connection refused. What stands here is from before; it is asked again every 5 s.",
        ]),
        ..shell(here, title)
    }
}

/// The control store cannot be read.
pub fn broken() -> Broken {
    Broken {
        what: "The control store cannot be read: the disk is full.".into(),
        safe: "The database is as it was: where it stands is kept in itself, and every way back still works.".into(),
        next: "Make room on the disk of turnback.db; this page comes back by itself.".into(),
    }
}

/// For somebody who may only look.
pub fn viewer(shell: Shell) -> Shell {
    Shell {
        who: Some(Who {
            name: "office".into(),
            role: "viewer".into(),
            may_operate: false,
            may_approve: false,
            is_local: true,
        }),
        ..shell
    }
}
