//! The page that embeds the video: another origin than the media's, as with an application that links to reelgate.

use std::io::Write;

use anyhow::Result;

use crate::listener::{After, Listener};

const TEXT: &str = include_str!("page.html");

pub(crate) struct Page {
    listener: Listener,
}

impl Page {
    pub(crate) fn serve() -> Result<Self> {
        let listener = Listener::start(|request, stream| {
            let (status, text) = if request.target == "/" { ("200 OK", TEXT) } else { ("404 Not Found", "") };
            let length = text.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{text}"
            )?;
            Ok(After::Continue)
        })?;
        Ok(Self { listener })
    }

    pub(crate) fn origin(&self) -> String {
        self.listener.url()
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/", self.listener.url())
    }
}
