//! Who stands before one item: a person, or somebody whom its credential lets in.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;

use super::{person, person_if_any};
use crate::access::policy::{Entrance, Rights};
use crate::access::{Named, Permit, Person};
use crate::app::App;
use crate::db::media::Item;
use crate::error::Error;
use crate::media::{self, path::MediaPath, path::Part};
use crate::types::ItemId;

/// Somebody who may see the item of the route's `{id}`: by a login, an api token, or the item's own credential
/// (`?token=`, a signed URL, a visit). Everything else is the same 404, strangers get 401.
pub struct ItemViewer {
    /// None: only the credential is known, which opens this item and says nothing of others.
    pub person: Option<Person>,
    pub permit: Permit,
}

/// A person with an account who sees the item of the route's `{id}`.
pub struct OwnItem {
    pub person: Person,
    pub item: Item,
}

impl FromRequestParts<App> for ItemViewer {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<ItemViewer, Error> {
        let named = named(parts, app).await.map_or(Named::Nothing, Named::Item);
        ItemViewer::of(app, parts, named).await
    }
}

impl ItemViewer {
    /// The same for an item that stands elsewhere in the request.
    pub async fn of(app: &App, parts: &Parts, named: Named) -> Result<ItemViewer, Error> {
        let person = person_if_any(app, parts).await?;
        let asked = MediaPath { token: None, named, part: Part::Film };
        match media::admit(app, parts, &asked, Entrance::Media).await {
            Ok(permit) => Ok(ItemViewer { person, permit }),
            // A machine's account administers and sees no item: it is known, so it is not asked who it is.
            Err(Error::Unauthorized(_)) if person.is_some() => Err(Error::NotFound),
            Err(error) => Err(error),
        }
    }

    /// What he sees beside the item: who has only its credential, nothing.
    pub fn rights(&self) -> Rights {
        self.owner().map_or_else(Rights::none, |person| person.rights.clone())
    }

    /// The person, where his own rights cover the item: a credential of the item shows only what it is for.
    pub fn owner(&self) -> Option<&Person> {
        let item = self.permit.item();
        self.person.as_ref().filter(|person| person.rights.cover(item.id, &item.library, &item.path))
    }
}

impl FromRequestParts<App> for OwnItem {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<OwnItem, Error> {
        let person = person(app, parts).await?;
        let id = named(parts, app).await.ok_or(Error::NotFound)?;
        let item = app.db.item(id).await.map_err(Error::unavailable)?;
        let item = item.filter(|item| person.rights.cover(item.id, &item.library, &item.path));
        Ok(OwnItem { person, item: item.ok_or(Error::NotFound)? })
    }
}

/// What cannot be an id names nothing.
async fn named(parts: &mut Parts, app: &App) -> Option<ItemId> {
    let Path(id) = Path::<String>::from_request_parts(parts, app).await.ok()?;
    ItemId::parse(&id)
}
