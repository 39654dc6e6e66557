//! When there is no draft, the reason is a sentence that helps.

mod init_support;

use init_support::{Db, chat, request};
use turnback_core::init::Request;

#[test]
fn an_empty_database_is_said_to_be_empty() {
    let error = Db::new("void").try_draft(&request()).expect_err("nothing");
    assert_eq!(
        error.to_string(),
        "database void has no tables, so there is no key to convert"
    );
}

#[test]
fn a_database_without_integer_keys_says_why_for_each_table() {
    let db = Db::new("done").table("a", &["*id uuid"]);
    let error = db.try_draft(&request()).expect_err("nothing");
    assert_eq!(
        error.to_string(),
        "database done has no integer key that can be converted: every key is uuid already"
    );
    let db = db.table("b", &["*code text"]);
    let error = db.try_draft(&request()).expect_err("nothing");
    assert_eq!(
        error.to_string(),
        "database done has no integer key that can be converted\n  \
         public.b: its key code is text, not an integer"
    );
}

#[test]
fn every_table_that_is_not_there_is_named_with_what_was_probably_meant() {
    let db = chat().table("billing.invoices", &["*id integer"]);
    let error = db
        .only(&["mesages", "Users", "invoices", "zebra"])
        .expect_err("none of them");
    assert_eq!(
        error.to_string(),
        "there is no table public.mesages; did you mean public.messages?\n\
         there is no table public.\"Users\"; did you mean public.users?\n\
         there is no table public.invoices; did you mean billing.invoices?\n\
         there is no table public.zebra"
    );
}

#[test]
fn a_table_without_an_integer_key_is_refused_when_asked_for_by_name() {
    let db = Db::new("x")
        .table("a", &["*id uuid"])
        .table("b", &["*id text"])
        .table("c", &["*id integer"]);
    let error = db.only(&["a", "b", "c"]).expect_err("two of them");
    assert_eq!(
        error.to_string(),
        "public.a cannot be converted: its key is uuid already\n\
         public.b cannot be converted: its key id is text, not an integer"
    );
}

#[test]
fn a_password_never_reaches_the_file() {
    let request = Request {
        target_text: "postgres://app:s3cret@db/chat".to_owned(),
        ..request()
    };
    let error = chat().try_draft(&request).expect_err("a password");
    assert!(!error.to_string().contains("s3cret"), "{error}");
    assert!(error.to_string().contains("${DATABASE_URL}"), "{error}");
}
