//! Tokens.

use std::time::Duration;

use crate::access::Person;
use crate::access::token::{PlainToken, TokenHash};
use crate::clock::Seconds;
use crate::db::DbError;
use crate::db::media::Item;
use crate::db::tokens::{NewToken, Token};
use crate::types::{ItemId, Role, Scope, TokenKind, check_label, name_key};

use super::{Admin, AdminError, DAY, Place, expect_room};

/// What a new token shall be.
pub struct TokenWish<'a> {
    pub user: &'a str,
    pub kind: TokenKind,
    pub scope: Scope,
    /// From now on; none: it does not expire.
    pub lasts: Option<Duration>,
    pub name: Option<&'a str>,
}

/// What was made. The token itself is nowhere else.
pub struct Made {
    pub id: String,
    /// As the user table spells it.
    pub user: String,
    pub scope: Scope,
    /// That of the scope, if it is one.
    pub item: Option<Item>,
    pub created_at: Seconds,
    pub expires_at: Option<Seconds>,
}

/// How many tokens may be made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// By who may do everything.
    Any,
    OfOne,
}

/// Shorter keys of another application can be guessed.
const SHORTEST_IMPORT: usize = 16;
const LONGEST_IMPORT: usize = 1024;

impl Admin {
    pub async fn create_token(&self, wish: &TokenWish<'_>) -> Result<(PlainToken, Made), AdminError> {
        self.mint_token(wish, Room::Any).await
    }

    async fn mint_token(&self, wish: &TokenWish<'_>, room: Room) -> Result<(PlainToken, Made), AdminError> {
        let token = PlainToken::from_random(self.chance.bytes());
        let made = self.store_token(wish, TokenHash::of(&token), room).await?;
        Ok((token, made))
    }

    /// Takes over a key that another application gave out, so that its old links go on working.
    pub async fn import_token(&self, wish: &TokenWish<'_>, text: &str) -> Result<Made, AdminError> {
        if !(SHORTEST_IMPORT..=LONGEST_IMPORT).contains(&text.len()) {
            return Err(AdminError::Refused(format!(
                "A key has {SHORTEST_IMPORT} to {LONGEST_IMPORT} bytes, and this one has {}; shorter ones can be guessed.",
                text.len()
            )));
        }
        self.store_token(wish, TokenHash::of_text(text), Room::Any).await
    }

    async fn store_token(
        &self,
        wish: &TokenWish<'_>,
        hash: TokenHash,
        room: Room,
    ) -> Result<Made, AdminError> {
        check_label(wish.name.unwrap_or_default())?;
        let user = self.user(wish.user).await?;
        if user.system && wish.kind != TokenKind::Api {
            return Err(AdminError::Refused(format!(
                "{} is a system user, and those open nothing that a viewer can use.",
                user.name
            )));
        }
        let (item, place) = self.narrowed(&wish.scope).await?;
        let now = self.clock.seconds();
        let expires_at = wish.lasts.map(|lasts| now.saturating_add_unsigned(lasts.as_secs()));
        let id = self.short_id();
        let token = NewToken {
            id: &id,
            user_id: &user.id,
            kind: wish.kind,
            hash: &hash.stored(),
            name: wish.name,
            item: item.as_ref().map(|item| item.id),
            below: place.as_ref().map(|place| (place.library_id.as_deref(), place.prefix.as_str())),
            expires_at,
        };
        let mut change = self.db.change().await?;
        if room == Room::OfOne {
            expect_room(change.count_tokens(&user.id, now.saturating_sub(DAY)).await?, 1, "tokens")?;
        }
        change.add_token(&token, now).await.map_err(taken)?;
        change.commit().await?;
        Ok(Made { id, user: user.name, scope: wish.scope.clone(), item, created_at: now, expires_at })
    }

    async fn narrowed(&self, scope: &Scope) -> Result<(Option<Item>, Option<Place>), AdminError> {
        match scope {
            Scope::All => Ok((None, None)),
            Scope::Below(area) => Ok((None, Some(self.place(area).await?))),
            Scope::Item(id) => match self.db.item(*id).await? {
                Some(item) => Ok((Some(item), None)),
                None => Err(no_item(*id)),
            },
        }
    }

    pub async fn tokens(&self, user: Option<&str>) -> Result<Vec<Token>, AdminError> {
        let user = match user {
            Some(name) => Some(self.user(name).await?),
            None => None,
        };
        Ok(self.db.tokens(user.as_ref().map(|user| user.id.as_str())).await?)
    }

    /// An error when there was none: somebody would believe that access has ended.
    pub async fn revoke_token(&self, id: &str) -> Result<(), AdminError> {
        self.end_token(id, None).await
    }

    async fn end_token(&self, id: &str, user_id: Option<&str>) -> Result<(), AdminError> {
        let mut change = self.db.change().await?;
        let was_there = change.end_token(id, user_id, self.clock.seconds()).await?;
        change.commit().await?;
        if was_there {
            return Ok(());
        }
        // Somebody may have pasted the token instead of its id; it must not be printed.
        Err(AdminError::Missing {
            problem: "No valid token has that id.".to_owned(),
            cure: "`reelgate token list` shows the ids.".to_owned(),
        })
    }
}

/// On somebody's behalf. Administrators look after everybody's tokens, others after their own, and what others make is
/// never more than what they hold: not wider, and not longer than the token that they made it with.
impl Admin {
    pub async fn create_token_for(
        &self,
        person: &Person,
        wish: TokenWish<'_>,
    ) -> Result<(PlainToken, Made), AdminError> {
        if person.role == Role::Admin {
            return self.create_token(&wish).await;
        }
        expect_own(person, wish.user)?;
        let scope = self.passed_on(person, wish.scope).await?;
        let lasts = person.may_last(wish.lasts, self.clock.seconds());
        self.mint_token(&TokenWish { scope, lasts, ..wish }, Room::OfOne).await
    }

    async fn passed_on(&self, person: &Person, wished: Scope) -> Result<Scope, AdminError> {
        if let Scope::Item(id) = wished {
            let item = self.db.item(id).await?;
            let seen = item.is_some_and(|item| person.rights.cover(id, &item.library, &item.path));
            return if seen { Ok(wished) } else { Err(no_item(id)) };
        }
        let text = wished.to_string();
        person.rights.passed_on(wished).ok_or_else(|| AdminError::Missing {
            problem: format!("Nothing that this credential sees lies in {text:?}."),
            cure: "Name a part of what you may watch, or leave it away for all of it.".to_owned(),
        })
    }

    /// Of this user; none: of all whose tokens the person may see.
    pub async fn tokens_for(&self, person: &Person, user: Option<&str>) -> Result<Vec<Token>, AdminError> {
        match (person.role, user) {
            (Role::Admin, user) => self.tokens(user).await,
            (Role::Viewer, user) => {
                expect_own(person, user.unwrap_or(&person.name))?;
                Ok(self.db.tokens(Some(&person.user_id)).await?)
            }
        }
    }

    pub async fn revoke_token_for(&self, person: &Person, id: &str) -> Result<(), AdminError> {
        let own = (person.role == Role::Viewer).then_some(person.user_id.as_str());
        self.end_token(id, own).await
    }
}

/// Says nothing of whether there is such a user.
fn expect_own(person: &Person, user: &str) -> Result<(), AdminError> {
    if name_key(user) == name_key(&person.name) {
        return Ok(());
    }
    Err(AdminError::NotYours {
        problem: "Tokens of others are for administrators.".to_owned(),
        cure: "Leave the user away for your own.".to_owned(),
    })
}

fn no_item(id: ItemId) -> AdminError {
    AdminError::Missing {
        problem: format!("No item has the id {id}."),
        cure: "`reelgate items` lists them.".to_owned(),
    }
}

fn taken(error: DbError) -> AdminError {
    match error {
        DbError::Taken => AdminError::Taken {
            problem: "This key was taken over before.".to_owned(),
            cure: "`reelgate token list` shows it.".to_owned(),
        },
        error => error.into(),
    }
}
