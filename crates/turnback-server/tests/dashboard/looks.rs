//! How pages look to whoever uses them: every page in every state, in light and dark, on a phone
//! and on a desk.

use turnback_testkit::Browser;

use crate::site::Site;

const FACTS: &str = include_str!("looks.js");

#[test]
fn every_page_is_legible_and_usable_in_light_and_dark_on_a_phone_and_on_a_desk() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (site, names) = Site::of_gallery();
    let mut breaches = vec![];
    for dark in [false, true] {
        browser.dark(dark);
        for width in [360, 1280] {
            browser.width(width);
            for name in &names {
                browser.open(&format!("{}/pages/{name}", site.address));
                let found = browser.run(FACTS);
                for breach in found.as_array().expect("a list of breaches") {
                    let light = if dark { "dark" } else { "light" };
                    breaches.push(format!("{name}, {light}, {width}: {breach}"));
                }
            }
        }
    }
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn a_page_is_walked_through_by_keyboard_alone_and_the_focus_is_seen() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (site, _) = Site::of_gallery();
    browser.open(&format!("{}/pages/back", site.address));
    const TAB: char = '\u{E004}';
    browser.press(TAB);
    let first = browser.text(":focus");
    assert_eq!(first, "Skip to the content");
    let mut walked = vec![];
    for _ in 0..40 {
        browser.press(TAB);
        let at = browser.run(
            "const at = document.activeElement; if (at === document.body) return null; \
             const style = getComputedStyle(at); \
             return [at.textContent.trim() || at.name, style.outlineStyle + style.outlineWidth]",
        );
        let Some(at) = at.as_array() else { break };
        let (what, ring) = (at[0].as_str().unwrap_or(""), at[1].as_str().unwrap_or(""));
        assert!(ring.starts_with("solid3"), "{what} has the focus {ring}");
        walked.push(what.to_owned());
    }
    for wanted in ["Overview", "scope", "reason", "Turn back channels, users"] {
        assert!(
            walked.iter().any(|what| what.contains(wanted)),
            "{wanted} is not reached: {walked:?}"
        );
    }
}
