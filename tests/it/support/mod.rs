//! What every test needs: a program, a server, callers and files.

pub mod boxes;
pub mod calls;
pub mod faulty;
pub mod ffmpeg;
pub mod files;
pub mod films;
#[cfg(feature = "tls")]
pub mod h2;
pub mod http;
pub mod login;
pub mod media;
pub mod process;
pub mod program;
pub mod proxy;
pub mod server;
#[cfg(feature = "tls")]
pub mod tls;
pub mod viewer;

pub use calls::Called;
pub use faulty::{Fault, Faulty};
pub use http::{Connection, Request, Response, get, head};
pub use program::{Program, Ran};
pub use proxy::Proxy;
pub use server::{Caller, Server, Setup};
pub use viewer::Viewer;

use std::time::{Duration, Instant};

/// Waits for something that comes by itself, and fails when it does not come in time. Looks often: no test sleeps
/// longer than it must.
pub fn eventually<T>(what: &str, within: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < within, "{what} did not come within {within:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
