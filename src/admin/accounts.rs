//! Users with what belongs to them, as whoever looks after them sees it.

use std::collections::HashMap;

use super::{Admin, AdminError};
use crate::db::accounts::{Grant, User};
use crate::types::{Area, Role};

/// A user, what he may watch, and how many tokens he has.
#[derive(Debug, Clone)]
pub struct Account {
    pub user: User,
    /// Of an administrator: everything. Of a machine: nothing.
    pub areas: Vec<Area>,
    pub tokens: usize,
}

impl Account {
    fn of(user: User, granted: Vec<Area>, tokens: usize) -> Account {
        let areas = match user.role {
            _ if user.system => Vec::new(),
            Role::Admin => vec![Area::Everything],
            Role::Viewer => granted,
        };
        Account { user, areas, tokens }
    }
}

impl Admin {
    pub async fn accounts(&self) -> Result<Vec<Account>, AdminError> {
        let users = self.users().await?;
        let tokens = self.db.token_counts().await?;
        let mut granted: HashMap<String, Vec<Area>> = HashMap::new();
        for Grant { user, area, .. } in self.grants(None).await? {
            granted.entry(user).or_default().push(area);
        }
        let account = |user: User| {
            let count = tokens.get(&user.id).and_then(|count| usize::try_from(*count).ok());
            let granted = granted.remove(&user.name).unwrap_or_default();
            Account::of(user, granted, count.unwrap_or_default())
        };
        Ok(users.into_iter().map(account).collect())
    }

    pub async fn account(&self, name: &str) -> Result<Account, AdminError> {
        let user = self.user(name).await?;
        let grants = self.db.grants(Some(&user.id)).await?;
        let tokens = self.db.tokens(Some(&user.id)).await?.len();
        Ok(Account::of(user, grants.into_iter().map(|grant| grant.area).collect(), tokens))
    }
}
