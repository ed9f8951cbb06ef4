//! In the place of TLS where it was left out of the build.

use std::future::{Ready, ready};

use tokio::net::TcpStream;

use crate::doctor::wire::Carrier;

#[derive(Clone, Default)]
pub(super) struct Tls;

impl Tls {
    #[expect(clippy::unused_self, reason = "the other one needs it")]
    pub(super) fn over(&self, _: &str, _: TcpStream) -> Ready<Result<Box<dyn Carrier>, String>> {
        ready(Err("this reelgate was built without TLS".to_owned()))
    }
}
