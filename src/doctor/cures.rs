//! Cures: one command or one line, for the program that is in the way.

use crate::doctor::http::{HttpFacts, Software};

/// How a rule says what to do.
pub enum Cure<F> {
    /// The same for everybody.
    Line(&'static str),
    /// It depends on what was seen.
    Of(fn(&F) -> String),
    /// Nothing needs to be done.
    Nothing,
}

impl<F> Cure<F> {
    #[must_use]
    pub fn write(&self, facts: &F) -> Option<String> {
        match self {
            Self::Line(line) => Some((*line).to_owned()),
            Self::Of(make) => Some(make(facts)),
            Self::Nothing => None,
        }
    }
}

/// A line for the server that answered, or the general one.
fn by_server(facts: &HttpFacts, lines: &[(Software, &str)], otherwise: &str) -> String {
    let software = facts.software();
    let found = lines.iter().find(|(known, _)| *known == software);
    found.map_or(otherwise, |(_, line)| line).to_owned()
}

/// Ranges do not come through, or are not answered.
pub(super) fn ranges(facts: &HttpFacts) -> String {
    by_server(
        facts,
        &[
            (
                Software::Nginx,
                "nginx, in the location: no  max_ranges 0;  and no  proxy_set_header Range \"\";  If the server behind it knows no ranges: proxy_force_ranges on;",
            ),
            (
                Software::Caddy,
                "Caddy: remove `header_up -Range` and `encode` from this route; file_server and reverse_proxy pass ranges on",
            ),
            (Software::Apache, "Apache: remove `RequestHeader unset Range` and `MaxRanges none`"),
            (Software::Cloudflare, "Cloudflare: a cache rule for this path: Bypass cache"),
        ],
        "Let the server answer Range with 206, or put reelgate in its place: reelgate ./videos",
    )
}

/// An answer to a range is not exact.
pub(super) fn exactness(facts: &HttpFacts) -> String {
    by_server(
        facts,
        &[(
            Software::Nginx,
            "nginx passes on what stands behind it: ask that server directly with reelgate doctor URL",
        )],
        "In the server's code: Content-Range: bytes FIRST-LAST/SIZE with LAST inclusive, and Content-Length: LAST - FIRST + 1",
    )
}

/// Media is compressed.
pub(super) fn compression(facts: &HttpFacts) -> String {
    by_server(
        facts,
        &[
            (Software::Nginx, "nginx: take video/mp4 and * out of gzip_types, or in the location: gzip off;"),
            (Software::Caddy, "Caddy: take video/* out of the `match` of `encode`"),
            (Software::Apache, "Apache: SetEnvIfNoCase Request_URI \"\\.(mp4|m4v|mov|webm)$\" no-gzip"),
            (Software::Cloudflare, "Cloudflare: a compression rule for this path: Disabled"),
        ],
        "Traefik: excludedContentTypes: [video/mp4] in the compress middleware; elsewhere: no compression for video/*",
    )
}

/// The type is not a video's.
pub(super) fn media_type(facts: &HttpFacts) -> String {
    by_server(
        facts,
        &[
            (
                Software::Nginx,
                "nginx: include mime.types;  and  types { video/mp4 mp4 m4v; video/quicktime mov; video/webm webm; }",
            ),
            (Software::Caddy, "Caddy: header *.mp4 Content-Type video/mp4"),
            (Software::Apache, "Apache: AddType video/mp4 .mp4 .m4v"),
        ],
        "Send Content-Type: video/mp4",
    )
}

/// Validators are missing, weak or changing.
pub(super) fn validators(facts: &HttpFacts) -> String {
    by_server(
        facts,
        &[
            (Software::Nginx, "nginx: etag on;  and no gzip for this path, which makes strong tags weak"),
            (Software::Apache, "Apache: FileETag MTime Size  (the same on every machine)"),
            (
                Software::Reelgate,
                "A file that changed within the last two seconds gets a new tag each time: ask again in a moment",
            ),
        ],
        "Send one strong ETag (without W/) that stays as long as the bytes do, and answer If-Range",
    )
}

/// A cache on the way keeps answers.
pub(super) fn caching(facts: &HttpFacts) -> String {
    by_server(
        facts,
        &[
            (Software::Nginx, "nginx: proxy_cache off;  in the location"),
            (Software::Cloudflare, "Cloudflare: a cache rule for this path: Bypass cache"),
        ],
        "Send Cache-Control: private, and take this path out of the cache",
    )
}

/// A page of another origin may not read it.
pub(super) fn cors(facts: &HttpFacts) -> String {
    let page = facts.page.as_ref().map_or("*".to_owned(), |page| page.origin().ascii_serialization());
    let header = |prefix: &str, suffix: &str| format!("{prefix}Access-Control-Allow-Origin {page}{suffix}");
    let line = match facts.software() {
        Software::Reelgate => {
            format!(
                "reelgate.toml: cors_origins = [\"{page}\"]  and start it again (flag --cors-origin {page})"
            )
        }
        Software::Nginx => header("nginx: add_header ", " always;"),
        Software::Caddy => header("Caddy: header ", ""),
        Software::Apache => header("Apache: Header always set ", ""),
        _ => format!("Send Access-Control-Allow-Origin: {page}"),
    };
    format!(
        "{line}  Or leave `crossorigin` away from the <video>, and serve subtitles from the page's own origin"
    )
}

/// Nobody is let in.
pub(super) fn credential(facts: &HttpFacts) -> String {
    if facts.is_reelgate() {
        let is_signed = facts.last.query_pairs().any(|(name, _)| name == "sig");
        return if is_signed {
            "reelgate verify URL  says what is wrong with the signature; reelgate sign /m/ID --for 6h  makes a new one"
        } else {
            "reelgate token list  shows what is over or narrower; reelgate token create USER  makes a new one"
        }
        .to_owned();
    }
    "Open the URL with the credential that viewers use; a header's comes from --bearer-file FILE".to_owned()
}
