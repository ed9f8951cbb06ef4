//! The program from outside: each test starts its own server on a port of its own and talks to it over a socket.

mod access;
mod architecture;
mod conditions;
mod drain;
mod durability;
mod headers;
mod hidden;
mod limits;
mod methods;
mod pages;
mod proxies;
mod ranges;
mod readme;
mod revocation;
mod secrets;
mod story;
mod support;
mod traversal;
