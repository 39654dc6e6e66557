//! How pages look to whoever uses them: every page in every state, in light and dark, on a phone
//! and on a desk.

use turnback_testkit::Browser;

use super::site::Site;

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
fn what_is_looked_for_is_found_where_it_is_there() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let (site, _) = Site::of_gallery();
    browser.width(360);
    browser.open(&format!("{}/pages/overview-empty", site.address));
    browser.run(
        "const bad = document.createElement('div'); \
         bad.innerHTML = '<h1>Again</h1><h4>Deep</h4><button></button><i id=x></i><i id=x></i>\
         <input aria-describedby=nowhere tabindex=3><p>Faint</p><p>Wide</p>'; \
         bad.children[6].style.color = '#aaa'; bad.children[6].style.background = '#fff'; \
         bad.children[7].style.width = '900px'; \
         document.querySelector('main').append(bad)",
    );
    let found = browser.run(FACTS).to_string();
    for breach in [
        "not exactly one h1",
        "skips a level",
        "has no name",
        "comes twice",
        "leads nowhere",
        "jumps the order",
        "Faint has a contrast of 2.32",
        "pixels wide in a window of 360",
    ] {
        assert!(found.contains(breach), "{breach} is not found in {found}");
    }
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
