//! Stands for `tls` in a build without that feature: there is no HTTPS, and settings that ask for it are refused before
//! they come here.

use std::future::{Future, Ready};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::net::TcpStream;

use super::connection::{End, Settings};
use super::line::{Connection, Line};
use crate::config::{Config, ConfigError};
use crate::metrics::Gauges;

pub enum Tls {}

impl Tls {
    pub fn load(_config: &Config) -> anyhow::Result<Option<Tls>> {
        Ok(None)
    }

    pub fn reload(&self, _config: &Config) -> Result<(), ConfigError> {
        match *self {}
    }

    pub fn warnings(&self, _now: Duration) -> Vec<String> {
        match *self {}
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as where there is HTTPS")]
pub(super) fn run<H, F, B>(
    tls: Arc<Tls>,
    _stream: TcpStream,
    _line: Arc<Line>,
    _settings: Arc<Settings>,
    _gauges: Arc<Gauges>,
    _handler: H,
) -> Ready<End>
where
    H: Fn(Request<Incoming>, Connection) -> F + Send + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
{
    match *tls {}
}
