//! A URL as it may be shown: every credential in it replaced by `…`.

use url::Url;

/// Parameters of reelgate's signed URLs that are no secret, and help to see what is wrong.
const OPEN: [&str; 2] = ["exp", "kid"];

/// Scheme, host and path; name and password, the values of the query and the parts of paths that are credentials
/// are left out. Of a stranger's query nobody knows which value is the secret, so none is shown.
#[must_use]
pub fn shown(url: &Url) -> String {
    let login = if url.username().is_empty() && url.password().is_none() { "" } else { "…@" };
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{login}{host}{port}{}{}", url.scheme(), path(url), query(url))
}

/// `/t/TOKEN/...` and `/s/CODE` are reelgate's.
fn path(url: &Url) -> String {
    let mut hidden = false;
    let parts = url.path().split('/').enumerate().map(|(place, part)| {
        let show = !std::mem::replace(&mut hidden, place == 1 && matches!(part, "t" | "s"));
        if show || part.is_empty() { part } else { "…" }
    });
    parts.collect::<Vec<_>>().join("/")
}

fn query(url: &Url) -> String {
    let Some(query) = url.query() else { return String::new() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if OPEN.contains(&name) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    });
    format!("?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_credential_is_shown() {
        let cases = [
            ("http://h/m/ID?token=rg_secret", "http://h/m/ID?token=…", "a token"),
            ("https://h:8443/t/rg_secret/m/ID", "https://h:8443/t/…/m/ID", "in the path"),
            ("https://h/s/secret/m", "https://h/s/…/m", "a share"),
            ("https://h/t/", "https://h/t/", "nothing there"),
            ("https://ann:secret@h/a.mp4", "https://…@h/a.mp4", "a login"),
            ("https://h/m/ID?exp=1&kid=k&sig=secret", "https://h/m/ID?exp=1&kid=k&sig=…", "a signature"),
            ("https://h/a?X-Amz-Signature=secret&secret", "https://h/a?X-Amz-Signature=…&…", "a stranger's"),
            ("https://h/films/t/a.mp4", "https://h/films/t/a.mp4", "a folder that is called so"),
            ("https://h/a.mp4#secret", "https://h/a.mp4", "a fragment"),
        ];
        for (url, want, why) in cases {
            assert_eq!(shown(&Url::parse(url).unwrap()), want, "{why}");
        }
    }
}
