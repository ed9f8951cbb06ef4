//! Lists of items, by pages and by folders.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cursor;
use super::document::Problem;
use super::item::Item;
use crate::admin::catalogue::{ListWish, SubFolder};
use crate::app::App;
use crate::error::{Error, Kind};
use crate::reception::{Answer, Query, Someone, admin};
use crate::types::{Prefix, Sort, split_path};

const DEFAULT_LIMIT: u32 = 50;
const LARGEST_LIMIT: u32 = 200;
/// Each is compared with every path.
const MOST_WORDS: usize = 16;

/// What to list. A parameter that is empty counts as one that is not there.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Of this library only. One that is not there has no items.
    library: Option<String>,
    /// Below this folder of the library: `2024/march`. Goes with `library`.
    below: Option<String>,
    /// Words that all occur in the library's name or the path, whatever their capitals; at most 16.
    q: Option<String>,
    /// `recording`, `complete` or `broken`.
    state: Option<String>,
    /// `path` (library, then path), `name`, `newest`, `oldest` (by the file's last change), `longest` or `largest`.
    #[param(example = "path")]
    sort: Option<String>,
    /// Items on a page: 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next` of the page before, with the other parameters as they were.
    cursor: Option<String>,
    /// `1`: only what lies in the folder itself, and its folders. Without `library` the libraries are the folders.
    #[param(minimum = 0, maximum = 1)]
    folders: Option<u8>,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct ItemPage {
    entries: Vec<Item>,
    /// With `folders=1`, on the first page.
    folders: Vec<Folder>,
    /// The cursor of the next page; null on the last one.
    next: Option<String>,
    /// Items of the whole list, without those in folders.
    total: u64,
}

/// A folder in which the caller sees something.
#[derive(Serialize, ToSchema)]
pub struct Folder {
    name: String,
    library: String,
    /// For `below`; empty for a library.
    path: String,
    /// Videos in it, however deep.
    items: u64,
}

impl From<SubFolder> for Folder {
    fn from(folder: SubFolder) -> Folder {
        let name = if folder.path.is_empty() { &folder.library } else { split_path(&folder.path).1 };
        Folder { name: name.to_owned(), library: folder.library, path: folder.path, items: folder.items }
    }
}

impl ListQuery {
    fn wish(self) -> Result<ListWish, Error> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let word = |error: crate::types::Misspelt| unfit(format!("{error}."));
        let (library, below) = (given(self.library), given(self.below));
        if below.is_some() && library.is_none() {
            let problem = "The parameter \"below\" goes with \"library\".";
            return Err(Error::refused(Kind::Unfit, problem, "Name the library as well."));
        }
        let sort = given(self.sort).map_or(Ok(Sort::Path), |sort| sort.parse()).map_err(word)?;
        let after = given(self.cursor).map(|text| cursor::read(&text, sort).ok_or_else(not_given_out));
        let words: Vec<String> = self.q.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        if words.len() > MOST_WORDS {
            return Err(unfit(format!("The parameter \"q\" has more than {MOST_WORDS} words.")));
        }
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            return Err(unfit(format!("The parameter \"limit\" is 1 to {LARGEST_LIMIT}.")));
        }
        if self.folders.is_some_and(|folders| folders > 1) {
            return Err(unfit("The parameter \"folders\" is 0 or 1.".to_owned()));
        }
        Ok(ListWish {
            library,
            below: below.map_or(Ok(Prefix::default()), |below| Prefix::parse(&below)).map_err(word)?,
            words,
            state: given(self.state).map(|state| state.parse()).transpose().map_err(word)?,
            sort,
            after: after.transpose()?,
            at_most: limit,
            by_folder: self.folders == Some(1),
        })
    }
}

fn unfit(problem: String) -> Error {
    Error::refused(Kind::Unfit, problem, "See /api/v1/openapi.json for what is expected.")
}

fn not_given_out() -> Error {
    let cure = "Take `next` of the page before as it is, and leave the order as it was.";
    Error::refused(Kind::Unfit, "The cursor was not given out for this list.", cure)
}

/// The videos that I may watch
///
/// Pages are stable: an item that is added or removed meanwhile moves no other one to a second page or to none.
#[utoipa::path(
    get, path = "/api/v1/items", tag = "items", params(ListQuery),
    responses(
        (status = 200, body = ItemPage),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "A parameter cannot be read"),
        (status = 401, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "A parameter has no such value, or goes with another one"),
        (status = 503, body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Someone(person): Someone,
    Query(query): Query<ListQuery>,
) -> Result<Answer<ItemPage>, Error> {
    let wish = query.wish()?;
    let page = admin(&app).page(&person.rights, &wish).await?;
    Ok(Answer::ok(ItemPage {
        entries: page.entries.iter().map(|entry| Item::of(&app, entry, &person.rights)).collect(),
        folders: page.folders.into_iter().map(Folder::from).collect(),
        next: page.next.map(|mark| cursor::written(mark, wish.sort)),
        total: page.total,
    }))
}
