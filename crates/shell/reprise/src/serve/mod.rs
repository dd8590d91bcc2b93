//! The daemon: what it keeps between two lives of the program.
#![cfg_attr(not(test), expect(dead_code, reason = "the verb `serve` uses it"))]

mod memory;
