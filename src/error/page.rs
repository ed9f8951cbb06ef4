//! An error for a person: what is the matter in plain words, and the way on.
//!
//! The words follow the answer's code and how the person came here, never what is there: a link that was ended reads as
//! one that never was.

use askama::Template;

use super::Problem;

/// How a person came to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visitor {
    /// By an address of this server: logging in is a way on.
    Member,
    /// By a link that somebody sent.
    Guest,
    /// Within a page elsewhere, where a link would open in its frame.
    Framed,
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    status: u16,
    heading: &'a str,
    detail: &'a str,
    hint: &'a str,
    way: Option<Way>,
    request_id: &'a str,
}

/// A link that leads on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    to: &'static str,
    words: &'static str,
}

/// Whoever is not logged in comes by the login to it.
const LIBRARY: Way = Way { to: "/", words: "To the library" };
const LOGIN: Way = Way { to: "/login", words: "Log in" };

const ASK: &str = "Ask whoever sent it for a new one.";

impl Visitor {
    /// By the path alone: what a query brings along must not be told by the answer.
    pub fn of(path: &str) -> Visitor {
        if path.starts_with("/embed/") {
            Visitor::Framed
        } else if path.starts_with("/s/") {
            Visitor::Guest
        } else {
            Visitor::Member
        }
    }
}

/// The page.
pub(super) fn written(problem: &Problem, visitor: Visitor, request_id: &str) -> String {
    let (heading, detail, hint) = words(problem, visitor);
    let way = match (visitor, problem.code) {
        (Visitor::Guest | Visitor::Framed, _) => None,
        (Visitor::Member, "unauthorized") => Some(LOGIN),
        (Visitor::Member, _) => Some(LIBRARY),
    };
    let status = problem.status.as_u16();
    let page = ErrorPage { status, heading, detail, hint, way, request_id };
    page.render().unwrap_or_else(|_| heading.to_owned())
}

/// Heading, what is the matter, what to do. What was said of this very request is said here as well.
fn words(problem: &Problem, visitor: Visitor) -> (&str, &str, &str) {
    match (problem.code, visitor) {
        ("unauthorized" | "not_found", Visitor::Guest) => {
            ("This link does not open anything any more", "It was ended, or it is not whole.", ASK)
        }
        ("unauthorized" | "not_found", Visitor::Framed) => (
            "This video cannot be shown here",
            "The page around it was not given a link that opens it, or the link was ended.",
            "Tell whoever runs that page.",
        ),
        ("unauthorized", Visitor::Member) => (
            "This does not open for you",
            "You are not logged in, or the link that you followed does not open anything any more.",
            "Log in, or ask whoever sent you the link for a new one.",
        ),
        ("not_found", Visitor::Member) => (
            "There is nothing here",
            "What was here may be gone or have another address, or it is not shared with you.",
            "Look for it in the library, or ask whoever told you of it.",
        ),
        ("link_over", _) => ("This link is over", "It was good for a time, and the time has passed.", ASK),
        ("link_used_up", _) => ("This link is used up", "It was watched as often as it may be.", ASK),
        ("ambiguous_credential", _) => (
            "This link is not right",
            "It was put together from two.",
            "Open it as it was sent to you, or ask for a new one.",
        ),
        ("method_not_allowed", _) => {
            ("This is not a page", "Programs use this address.", "Go back to where you came from.")
        }
        ("internal", _) => (
            "Something went wrong here",
            "The fault is this server's, not yours.",
            "Try it again. If it stays so, tell whoever runs this server the number below.",
        ),
        ("unavailable", _) => (
            "This server cannot answer now",
            "It does not reach its data or its videos.",
            "Try again in a few seconds.",
        ),
        _ => (problem.title, &problem.detail, &problem.hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};

    #[test]
    fn how_somebody_came_is_read_from_the_path_alone() {
        let cases = [
            ("/s/CODE", Visitor::Guest, "a share"),
            ("/s/", Visitor::Guest, "a share without its code"),
            ("/embed/ID", Visitor::Framed, "a frame"),
            ("/watch/ID", Visitor::Member, "an address"),
            ("/shares", Visitor::Member, "a page that begins with the same letter"),
        ];
        for (path, visitor, why) in cases {
            assert_eq!(Visitor::of(path), visitor, "{why}");
        }
    }

    #[test]
    fn an_ended_link_reads_as_one_that_never_was() {
        let page = |error: Error| written(&error.problem(), Visitor::Guest, "1");
        let without_status = |text: String| text.replace("401", "").replace("404", "");
        let (unknown, hidden) = (page(Error::Unauthorized("unknown")), page(Error::NotFound));
        assert!(unknown.contains("does not open anything any more"), "{unknown}");
        assert_eq!(without_status(unknown), without_status(hidden));
    }

    #[test]
    fn people_find_a_way_on_and_guests_no_login() {
        let refused = || Error::refused(Kind::Forbidden, "This is not the code.", "Open the whole address.");
        let cases = [(Error::Unauthorized("none"), "/login"), (Error::NotFound, "/"), (refused(), "/")];
        for (error, way) in cases {
            let problem = error.problem();
            let link =
                |text: &str, to: &str| text.contains(&format!("<a class=\"button main\" href=\"{to}\">"));
            assert!(link(&written(&problem, Visitor::Member, "1"), way), "{way}");
            for visitor in [Visitor::Guest, Visitor::Framed] {
                assert!(!written(&problem, visitor, "1").contains("<a "), "{visitor:?}");
            }
        }
        let said = written(&refused().problem(), Visitor::Member, "1");
        assert!(said.contains("This is not the code.") && said.contains("Open the whole address."), "{said}");
    }
}
