//! Shares: links for people without an account.

use std::time::Duration;

use crate::access::password::Password;
use crate::access::share::ShareCode;
use crate::clock::Seconds;
use crate::db::accounts::User;
use crate::db::media::Item;
use crate::db::shares::{NewShare, Share, ShareChange};
use crate::types::{Area, ItemId, Patch, Role, ShareState, UserState};

use super::{Admin, AdminError, DAY, expect_room, suggestion};

/// Links that one request makes.
const MOST_NAMES: usize = 100;
/// In characters.
const LONGEST_NAME: usize = 100;
/// More is as good as no limit, and fits every program's numbers.
const MOST_PLAYS: i64 = 1_000_000;

/// What new shares of an item shall be.
pub struct ShareWish<'a> {
    /// On whose word they stand: what this user may no longer see, they no longer show.
    pub owner_id: &'a str,
    /// By who may do everything, and makes as many as he likes.
    pub by_admin: bool,
    pub item: ItemId,
    /// A link for each; none: one for nobody in particular.
    pub names: &'a [String],
    /// From now on; none: until they are revoked.
    pub lasts: Option<Duration>,
    pub plays: Option<i64>,
    pub password: Option<Password>,
    pub download: bool,
}

/// What of a share shall be otherwise.
#[derive(Default)]
pub struct ShareWishes {
    pub name: Patch<String>,
    /// From now on.
    pub lasts: Patch<Duration>,
    pub plays: Patch<i64>,
    pub password: Patch<Password>,
    /// None: it stays.
    pub download: Option<bool>,
}

impl Share {
    pub fn state(&self, now: Seconds) -> ShareState {
        let is_used_up = self.plays_limit.is_some_and(|limit| self.plays >= limit);
        match (self.revoked_at, self.expires_at, is_used_up) {
            (Some(_), ..) => ShareState::Revoked,
            (None, Some(end), _) if end <= now => ShareState::Over,
            (None, _, true) => ShareState::UsedUp,
            (None, _, false) => ShareState::Open,
        }
    }

    /// The file's name without its folders.
    pub fn item_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

impl Admin {
    /// Each with its code, which is nowhere else.
    pub async fn create_shares(&self, wish: ShareWish<'_>) -> Result<Vec<(ShareCode, Share)>, AdminError> {
        expect_plays(wish.plays)?;
        let names = names(wish.names)?;
        let password = self.hashed(wish.password).await?;
        let now = self.clock.seconds();
        let expires_at = wish.lasts.map(|lasts| now.saturating_add_unsigned(lasts.as_secs()));
        let mut made = Vec::new();
        let mut change = self.db.change().await?;
        if !wish.by_admin {
            let made = change.count_shares(wish.owner_id, now.saturating_sub(DAY)).await?;
            expect_room(made, names.len(), "links")?;
        }
        for name in names {
            let (id, code) = (self.short_id(), ShareCode::from_random(self.chance.bytes()));
            let share = NewShare {
                id: &id,
                owner_id: wish.owner_id,
                hash: &code.hash().stored(),
                item: wish.item,
                name,
                password: password.as_deref(),
                download: wish.download,
                plays_limit: wish.plays,
                expires_at,
            };
            change.add_share(&share, now).await?;
            made.push((id, code));
        }
        change.commit().await?;
        let mut shares = Vec::new();
        for (id, code) in made {
            shares.push((code, self.share(&id).await?));
        }
        Ok(shares)
    }

    /// Of one owner or of all, of one item or of all.
    pub async fn shares(
        &self,
        owner_id: Option<&str>,
        item: Option<ItemId>,
    ) -> Result<Vec<Share>, AdminError> {
        Ok(self.db.shares(owner_id, item).await?)
    }

    pub async fn share(&self, id: &str) -> Result<Share, AdminError> {
        self.db.share(id).await?.ok_or_else(missing)
    }

    /// A new end or number of plays opens again what was over; what is revoked stays so.
    pub async fn change_share(&self, id: &str, wishes: ShareWishes) -> Result<Share, AdminError> {
        expect_plays(wishes.plays.value().copied())?;
        if let Some(name) = wishes.name.value() {
            check_name(name)?;
        }
        let password = match wishes.password {
            Patch::Keep => Patch::Keep,
            Patch::Set(password) => Patch::Set(self.hashed(password).await?),
        };
        let now = self.clock.seconds();
        let end = |lasts: Duration| Ok::<_, AdminError>(now.saturating_add_unsigned(lasts.as_secs()));
        let wanted = ShareChange {
            name: wishes.name,
            password,
            download: wishes.download,
            plays_limit: wishes.plays,
            expires_at: wishes.lasts.try_map(end)?,
        };
        let mut change = self.db.change().await?;
        let was_there = change.change_share(id, &wanted).await?;
        change.commit().await?;
        if was_there { self.share(id).await } else { Err(missing()) }
    }

    /// By its id, its code or its address. An error when there was none: somebody would believe that access has ended.
    pub async fn revoke_share(&self, id_or_code: &str) -> Result<Share, AdminError> {
        let last = id_or_code.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let known = ShareCode::parse(last).map_or_else(|| last.to_owned(), |code| code.hash().stored());
        let share = self.share(&known).await?;
        let mut change = self.db.change().await?;
        let was_open = change.revoke_share(&share.id, self.clock.seconds()).await?;
        change.commit().await?;
        if was_open { self.share(&share.id).await } else { Err(missing()) }
    }

    /// The user on whose word a share of the command line stands: the one that is named, or the first administrator.
    pub async fn share_owner(&self, name: Option<&str>, item: &Item) -> Result<User, AdminError> {
        let Some(name) = name else { return self.oldest_admin().await };
        let user = self.user(name).await?;
        let grants = self.db.grants(Some(&user.id)).await?;
        let is_seen = user.role == Role::Admin
            || grants.iter().any(|grant| grant.area.covers(&item.library, &item.path));
        if is_seen && user.state == UserState::Active && !user.system {
            return Ok(user);
        }
        Err(AdminError::Refused(format!(
            "{} may not watch this video, so a share would show nothing.",
            user.name
        )))
    }

    async fn oldest_admin(&self) -> Result<User, AdminError> {
        let users = self.db.users().await?;
        let watches =
            |user: &User| user.role == Role::Admin && user.state == UserState::Active && !user.system;
        let admins = users.into_iter().filter(watches);
        admins.min_by_key(|user| user.created_at).ok_or_else(|| AdminError::Missing {
            problem: "A share stands on a user's word, and there is no administrator.".to_owned(),
            cure: "Name the user with --owner, or add one: reelgate user add NAME --role admin".to_owned(),
        })
    }

    /// The item at `LIBRARY/PATH`.
    pub async fn item_at(&self, text: &str) -> Result<Item, AdminError> {
        let area: Area = text.parse()?;
        let Area::Below { library, prefix } = &area else {
            return Err(AdminError::Refused("A share shows one video: write LIBRARY/PATH.".to_owned()));
        };
        self.library(library).await?;
        if let Some(item) = self.db.item_at(library, prefix.as_str()).await? {
            return Ok(item);
        }
        let items = self.db.items(Some(library)).await?;
        let paths: Vec<&str> = items.iter().map(|item| item.path.as_str()).take(1_000).collect();
        let cure = match paths.as_slice() {
            [] => "The library is empty: reelgate scan".to_owned(),
            paths if paths.len() > 20 => "reelgate items lists what there is.".to_owned(),
            paths => suggestion(prefix.as_str(), paths, "Videos of this library"),
        };
        Err(AdminError::Missing { problem: format!("There is no video {text:?}."), cure })
    }

    async fn hashed(&self, password: Option<Password>) -> Result<Option<String>, AdminError> {
        match password {
            Some(password) => Ok(Some(self.hashing.hash(password, self.chance.bytes()).await?)),
            None => Ok(None),
        }
    }
}

fn names(names: &[String]) -> Result<Vec<Option<&str>>, AdminError> {
    if names.len() > MOST_NAMES {
        return Err(AdminError::Refused(format!("At most {MOST_NAMES} links are made at once.")));
    }
    names.iter().try_for_each(|name| check_name(name))?;
    let named = names.iter().map(|name| Some(name.as_str())).collect::<Vec<_>>();
    Ok(if named.is_empty() { vec![None] } else { named })
}

fn check_name(name: &str) -> Result<(), AdminError> {
    let length = name.chars().count();
    if name.trim().is_empty() || length > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(AdminError::Refused(format!(
            "A share's name has 1 to {LONGEST_NAME} characters and no line breaks."
        )));
    }
    Ok(())
}

fn expect_plays(plays: Option<i64>) -> Result<(), AdminError> {
    match plays {
        Some(plays) if !(1..=MOST_PLAYS).contains(&plays) => Err(AdminError::Refused(format!(
            "A share is good for 1 to {MOST_PLAYS} plays, or without a limit."
        ))),
        _ => Ok(()),
    }
}

/// Somebody may have pasted a code: it is not printed.
fn missing() -> AdminError {
    AdminError::Missing {
        problem: "No share in use has that id.".to_owned(),
        cure: "`reelgate share list` shows the ids.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_says_why_it_does_not_open() {
        let share = Share {
            id: "s".to_owned(),
            owner_id: "u".to_owned(),
            owner: "ann".to_owned(),
            item: ItemId::new([1; 16]),
            library: "videos".to_owned(),
            path: "2024/a.mp4".to_owned(),
            name: None,
            has_password: false,
            download: false,
            plays: 2,
            plays_limit: None,
            expires_at: None,
            created_at: 0,
            used_at: None,
            revoked_at: None,
        };
        let (over, used_up) = (Some(100), Some(2));
        let cases = [
            (share.clone(), ShareState::Open, "without limits"),
            (
                Share { expires_at: Some(101), plays_limit: Some(3), ..share.clone() },
                ShareState::Open,
                "within",
            ),
            (Share { expires_at: over, ..share.clone() }, ShareState::Over, "over at that second"),
            (Share { plays_limit: used_up, ..share.clone() }, ShareState::UsedUp, "the last play is taken"),
            (Share { expires_at: over, plays_limit: used_up, ..share.clone() }, ShareState::Over, "both"),
            (
                Share { expires_at: over, revoked_at: Some(1), ..share.clone() },
                ShareState::Revoked,
                "revoked",
            ),
        ];
        for (share, want, why) in cases {
            assert_eq!(share.state(100), want, "{why}");
        }
        assert_eq!(share.item_name(), "a.mp4");
    }

    #[test]
    fn names_are_for_people() {
        let long = "x".repeat(LONGEST_NAME);
        for (name, fits) in [("Ada", true), (long.as_str(), true), (" ", false), ("a\nb", false), ("", false)]
        {
            assert_eq!(check_name(name).is_ok(), fits, "{name:?}");
        }
        assert!(check_name(&format!("{long}x")).is_err());
        assert_eq!(names(&[]).unwrap(), [None], "one link for nobody in particular");
        for (plays, fits) in [(None, true), (Some(1), true), (Some(0), false), (Some(-1), false)] {
            assert_eq!(expect_plays(plays).is_ok(), fits, "{plays:?}");
        }
    }
}
