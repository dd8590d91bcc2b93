//! Tests of the store in a file, from outside it and from within.

mod crash;
mod damage;
mod files;
mod history;
mod limits;
mod migrating;
mod plan;
mod sample;
mod written;
