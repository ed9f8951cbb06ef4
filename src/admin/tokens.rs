//! Tokens.

use std::time::Duration;

use crate::access::token::{PlainToken, TokenHash};
use crate::clock::Seconds;
use crate::db::DbError;
use crate::db::tokens::{NewToken, Token};
use crate::types::{Scope, TokenKind};

use super::{Admin, AdminError, Place};

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
    pub expires_at: Option<Seconds>,
}

/// Shorter keys of another application can be guessed.
const SHORTEST_IMPORT: usize = 16;
const LONGEST_IMPORT: usize = 1024;

impl Admin {
    pub async fn create_token(&self, wish: &TokenWish<'_>) -> Result<(PlainToken, Made), AdminError> {
        let token = PlainToken::from_random(self.chance.bytes());
        let made = self.store_token(wish, TokenHash::of(&token)).await?;
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
        self.store_token(wish, TokenHash::of_text(text)).await
    }

    async fn store_token(&self, wish: &TokenWish<'_>, hash: TokenHash) -> Result<Made, AdminError> {
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
            item,
            below: place.as_ref().map(|place| (place.library_id.as_deref(), place.prefix.as_str())),
            expires_at,
        };
        let mut change = self.db.change().await?;
        change.add_token(&token, now).await.map_err(taken)?;
        change.commit().await?;
        Ok(Made { id, expires_at })
    }

    async fn narrowed(
        &self,
        scope: &Scope,
    ) -> Result<(Option<crate::types::ItemId>, Option<Place>), AdminError> {
        match scope {
            Scope::All => Ok((None, None)),
            Scope::Below(area) => Ok((None, Some(self.place(area).await?))),
            Scope::Item(id) => match self.db.item(*id).await? {
                Some(_) => Ok((Some(*id), None)),
                None => Err(AdminError::Missing {
                    problem: format!("No item has the id {id}."),
                    cure: "`reelgate items` lists them.".to_owned(),
                }),
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
        let mut change = self.db.change().await?;
        let was_there = change.end_token(id, self.clock.seconds()).await?;
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

fn taken(error: DbError) -> AdminError {
    match error {
        DbError::Taken => AdminError::Taken {
            problem: "This key was taken over before.".to_owned(),
            cure: "`reelgate token list` shows it.".to_owned(),
        },
        error => error.into(),
    }
}
