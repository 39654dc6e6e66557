//! The style sheet, the script and the sign of the dashboard, as the build holds them.

use std::sync::OnceLock;

use sha2::{Digest, Sha256};

/// A file that pages ask for.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub media_type: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// Every file that pages ask for.
pub const ASSETS: [Asset; 3] = [
    Asset {
        name: "dashboard.css",
        media_type: "text/css; charset=utf-8",
        text: include_str!("../../assets/dashboard.css"),
    },
    Asset {
        name: "dashboard.js",
        media_type: "text/javascript; charset=utf-8",
        text: include_str!("../../assets/dashboard.js"),
    },
    Asset {
        name: "mark.svg",
        media_type: "image/svg+xml",
        text: include_str!("../../assets/mark.svg"),
    },
];

/// The file of a name.
pub fn named(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// Where a file is found. The address changes with what is in any of them, so that browsers may
/// keep them for good.
pub fn address(name: &str) -> String {
    format!("/assets/{}/{name}", stamp())
}

/// A sum over all of them.
pub(crate) fn stamp() -> &'static str {
    static STAMP: OnceLock<String> = OnceLock::new();
    STAMP.get_or_init(|| {
        let mut sum = Sha256::new();
        for asset in &ASSETS {
            sum.update(asset.text);
        }
        sum.finalize()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    })
}
