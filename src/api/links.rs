//! Links to one item for pasting: into a page, a terminal, a message.

use std::time::Duration;

use askama::Template;
use axum::extract::State;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::document::Problem;
use crate::admin::tokens::TokenWish;
use crate::app::App;
use crate::clock::{parse_span, rfc3339};
use crate::error::{Error, Kind};
use crate::reception::{Answer, Base, Json, OwnItem, admin};
use crate::types::{Scope, TokenKind, split_path};

/// Letters of a name that stand for themselves in a path (RFC 3986 §2.3) and in no quotation marks.
const NAME: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What a link is for.
#[derive(Deserialize, ToSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// A `<video>` element.
    Video,
    /// A command that asks for the first two bytes and shows the head of the answer.
    Curl,
    /// The address alone.
    Url,
}

/// What link is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkWish {
    r#for: Purpose,
    /// How long it lasts: `30s`, `2h`, `7d`; else an hour for `curl` and six for the others.
    #[schema(example = "6h")]
    lasts: Option<String>,
}

/// A link. The address is shown this once.
#[derive(Serialize, ToSchema)]
pub struct Link {
    url: String,
    /// RFC 3339.
    expires_at: String,
    /// The token in the address, for revoking it.
    token_id: String,
    /// Ready to paste.
    #[schema(example = "<video controls src=\"https://videos.example/m/ID/beach.mp4?token=TOKEN\"></video>")]
    text: String,
}

#[derive(Template)]
#[template(source = r#"<video controls src="{{ url }}"></video>"#, ext = "html")]
struct VideoElement<'u> {
    url: &'u str,
}

impl Purpose {
    fn lasts(self) -> Duration {
        match self {
            Purpose::Video | Purpose::Url => Duration::from_hours(6),
            Purpose::Curl => Duration::from_hours(1),
        }
    }

    /// What the token's owner sees of it in the list.
    fn token_name(self) -> &'static str {
        match self {
            Purpose::Video => "<video> element",
            Purpose::Curl => "curl test",
            Purpose::Url => "link",
        }
    }

    fn text(self, url: &str) -> String {
        match self {
            Purpose::Video => VideoElement { url }.render().unwrap_or_default(),
            // A host's name may hold a quotation mark (RFC 3986 §3.2.2).
            Purpose::Curl => format!("curl -i -r 0-1 '{}' -o -", url.replace('\'', r"'\''")),
            Purpose::Url => url.to_owned(),
        }
    }
}

/// Make a link to this video
///
/// It holds a new media token of the caller's that opens this item only, and is over by itself.
#[utoipa::path(
    post, path = "/api/v1/items/{id}/links", tag = "items", request_body = LinkWish,
    params(("id" = String, Path, description = "The item's id")),
    responses(
        (status = 201, body = Link),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "By a cookie, and not from a page of this server"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "Not there, or not for the caller"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "There are as many tokens as one may have"),
        (status = 415, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A duration that cannot be"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn create(
    State(app): State<App>,
    OwnItem { person, item }: OwnItem,
    Base(base): Base,
    Json(LinkWish { r#for: purpose, lasts }): Json<LinkWish>,
) -> Result<Answer<Link>, Error> {
    let lasts =
        lasts.map_or(Ok(purpose.lasts()), |text| parse_span(&text)).map_err(|problem| unfit(&problem))?;
    let wish = TokenWish {
        user: &person.name,
        kind: TokenKind::Media,
        scope: Scope::Item(item.id),
        lasts: Some(lasts),
        name: Some(purpose.token_name()),
    };
    let (token, made) = admin(&app).create_token_for(&person, wish).await?;
    let name = utf8_percent_encode(split_path(&item.path).1, NAME);
    let url = format!("{base}/m/{}/{name}?token={}", item.id, token.expose());
    let expires_at = rfc3339(made.expires_at.unwrap_or_default());
    Ok(Answer::created(Link { text: purpose.text(&url), url, expires_at, token_id: made.id }))
}

fn unfit(problem: &str) -> Error {
    Error::refused(Kind::Unfit, format!("How long it lasts: {problem}."), "Write 30s, 2h or 7d.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_can_be_pasted_whatever_the_host_is_called() {
        let url = r"http://a'b&c/m/ID/x.mp4?token=rg_T";
        let cases = [
            (Purpose::Url, url.to_owned()),
            (Purpose::Curl, r"curl -i -r 0-1 'http://a'\''b&c/m/ID/x.mp4?token=rg_T' -o -".to_owned()),
            (
                Purpose::Video,
                "<video controls src=\"http://a&#39;b&#38;c/m/ID/x.mp4?token=rg_T\"></video>".to_owned(),
            ),
        ];
        for (purpose, want) in cases {
            assert_eq!(purpose.text(url), want);
        }
    }

    #[test]
    fn names_are_one_part_of_a_path_and_no_markup() {
        let name = utf8_percent_encode("a/b?c#d\"<é>'&%.mp4", NAME).to_string();
        assert_eq!(name, "a%2Fb%3Fc%23d%22%3C%C3%A9%3E%27%26%25.mp4");
    }
}
