//! The dashboard of the real program, on a real server, in a real browser.

use tokio::task::block_in_place;
use turnback_testkit::Browser;

use crate::serving::Serving;
use crate::watched::{CUT_OVER, Watched};

/// Where the phase stands, as its drawing says it.
fn stands(word: &str) -> String {
    format!("document.querySelector('.rail .here')?.innerText.includes('{word}')")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_night_is_led_from_the_dashboard_from_the_first_step_to_the_report() {
    let Some(browser) = block_in_place(Browser::start) else {
        return;
    };
    let ask = "do: ask, deadline: 1h, otherwise: hold";
    let watched = Watched::new("serve_browser", "critical: \"> 5\"", ask).await;
    let serving = Serving::start(&watched.world, &[]).await;

    // It goes forward, and the page follows.
    block_in_place(|| {
        browser.open(&serving.url);
        browser.until_says("Nothing is at work");
        browser.click("a[href='/up']");
        browser.write("#reason", "staging was fine");
        browser.click("form.decide button");
        browser.until_says("This page follows it.");
        browser.until(&stands("cut over"));
        browser.until_says("Watching phase keys");
    });
    watched.world.until(CUT_OVER).await;

    // A guard breaches; somebody goes on all the same.
    watched.measures("9");
    block_in_place(|| {
        browser.until_says("A decision waits");
        browser.click("#strip-decide");
        browser.click("article.question a.main");
        browser.until_says("errors");
        browser.write("#reason", "the export, as ever");
        browser.click("button[value=go_on]");
        browser.until_says("Your answer is taken down");
        browser.until_says("Nothing waits for a decision");
        browser.click("#go-guards");
        browser.until("document.querySelector('.guard.critical svg[role=img]')");
    });

    // Then somebody turns back: what that means stands before the button.
    block_in_place(|| {
        browser.click("#strip-back");
        browser.until_says("Consequence");
        browser.until_says("Every acknowledged write stays");
        browser.write("#reason", "users complain");
        browser.click("button.grave.big");
        browser.until_says("this page follows it");
        browser.until(&stands("pending"));
        browser.until_says("Nothing is at work");
    });
    watched.world.must_be_as_before();

    // The report is read, and who did what.
    block_in_place(|| {
        browser.click("#go-incidents");
        browser.click(".list > li:first-child a");
        browser.until_says("Timeline");
        browser.until_says("users complain");
        browser.click("#report");
        browser.until("location.pathname.endsWith('/report')");
        browser.until_says("Root cause");
        browser.open(&format!("{}/audit", serving.url));
        for why in ["staging was fine", "the export, as ever", "users complain"] {
            browser.until_says(why);
        }
    });
    drop(browser);
    assert_eq!(serving.end().await.code, 0);
}
