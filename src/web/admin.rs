//! `/admin` and below: what an administrator looks after. The pages are frames; their modules ask the API.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;

use super::frame::{self, Frame, page};

/// An area of the administration.
pub struct Area {
    path: &'static str,
    title: &'static str,
    /// The page's module below `/assets/js/admin/`.
    module: &'static str,
}

/// In the order of the navigation.
const AREAS: [Area; 7] = [
    Area { path: "/admin", title: "Health", module: "health" },
    Area { path: "/admin/streams", title: "Streams", module: "streams" },
    Area { path: "/admin/users", title: "Users", module: "users" },
    Area { path: "/admin/tokens", title: "Tokens", module: "tokens" },
    Area { path: "/admin/shares", title: "Shares", module: "shares" },
    Area { path: "/admin/reports", title: "Reports", module: "reports" },
    Area { path: "/admin/settings", title: "Settings", module: "settings" },
];

#[derive(Template)]
#[template(path = "admin.html")]
struct AdminPage {
    frame: Frame,
    areas: &'static [Area],
    open: &'static Area,
}

impl AdminPage {
    fn current(&self, area: &Area) -> &'static str {
        if area.path == self.open.path { "page" } else { "false" }
    }
}

/// `/admin`, `/admin/{area}` and `/admin/{area}/{name}`. What comes behind the area is read by its module.
pub async fn admin(State(app): State<App>, request: Request) -> Result<Response, Response> {
    let (request, _) = request.into_parts();
    let person = frame::administrator(&app, &request).await?;
    let open = area(request.uri.path()).ok_or_else(|| Error::NotFound.into_response())?;
    let page_of = AdminPage { frame: Frame::of(&person, "admin"), areas: &AREAS, open };
    page(&page_of).map_err(IntoResponse::into_response)
}

fn area(path: &str) -> Option<&'static Area> {
    let goes_on = |area: &Area| {
        let rest = path.strip_prefix(area.path)?;
        let name = rest.strip_prefix('/')?;
        (!name.is_empty() && !name.contains('/') && area.path != "/admin").then_some(())
    };
    AREAS.iter().find(|area| path == area.path || goes_on(area).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_are_found_by_their_path() {
        let cases = [
            ("/admin", Some("Health"), "the first"),
            ("/admin/users", Some("Users"), "an area"),
            ("/admin/users/ada%40example.org", Some("Users"), "somebody"),
            ("/admin/users/", None, "nobody"),
            ("/admin/users/a/b", None, "too deep"),
            ("/admin/nothing", None, "no area"),
            ("/admin/usersx", None, "a longer name"),
        ];
        for (path, want, why) in cases {
            assert_eq!(area(path).map(|area| area.title), want, "{why}: {path}");
        }
    }
}
