//! Generated schemas: whatever PostgreSQL takes goes forward and back to the catalog it had, and
//! forward and to the end to the catalog of a conversion by hand; clients of every shape read
//! what the model of their writes says, at every stop.

mod attached;
mod build;
mod cascade;
mod case;
mod clients;
mod ddl;
mod engine;
mod expect;
mod features;
mod finish;
mod genes;
mod given;
mod names;
mod partition;
mod parts;
mod rows;
mod schema;
mod search;
mod split;
mod statement;
mod ways;
mod writes;

#[test]
fn any_schema_goes_forward_and_back_to_what_it_was_and_on_to_what_one_would_write_by_hand() {
    search::run();
}
