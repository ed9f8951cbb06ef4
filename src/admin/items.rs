//! The list of videos, with what is in them and what lies beside them.

use std::collections::HashMap;

use super::{Admin, AdminError};
use crate::access::policy::Rights;
use crate::db::findings::Listed;
use crate::doctor::Kept;
use crate::library::sidecar::{Beside, beside, near, stem};
use crate::probe::archive;
use crate::types::{Area, Prefix};

/// A video of the list.
#[derive(Debug, Clone)]
pub struct Entry {
    pub listed: Listed,
    /// None: it was not judged yet.
    pub verdict: Option<Kept>,
    pub beside: Beside,
}

impl Entry {
    pub(super) fn new(listed: Listed, beside: Beside) -> Entry {
        let found = listed.findings.as_ref();
        let verdict = found.and_then(|found| serde_json::from_str(&found.verdict).ok());
        Entry { listed, verdict, beside }
    }

    /// The same for somebody with these rights. What is odd about it tells of its siblings, so it is for who sees them all.
    pub fn note_for(&self, rights: &Rights) -> Option<String> {
        let item = &self.listed.item;
        let prefix = Prefix::parse(archive::home(&item.path)).ok();
        let home = prefix.map(|prefix| Area::Below { library: item.library.clone(), prefix });
        if home.is_some_and(|home| rights.hold(&home)) {
            return self.note();
        }
        self.listed.findings.as_ref()?.note.clone()
    }

    /// What there is to know of it, for its owner.
    pub fn note(&self) -> Option<String> {
        let found = self.listed.findings.as_ref()?;
        let notes: Vec<&str> =
            [&found.note, &found.suspicion].into_iter().flatten().map(String::as_str).collect();
        (!notes.is_empty()).then(|| notes.join(" "))
    }
}

impl Admin {
    /// Items of one library or of all.
    pub async fn items(&self, library: Option<&str>) -> Result<Vec<Entry>, AdminError> {
        if let Some(name) = library {
            self.library(name).await?;
        }
        let all = self.db.listed(library).await?;
        let mut paths: HashMap<String, Vec<String>> = HashMap::new();
        for Listed { item, .. } in &all {
            paths.entry(item.library_id.clone()).or_default().push(item.path.clone());
        }
        let mut around = HashMap::new();
        for (id, mut items) in paths {
            let mut sidecars = self.db.sidecars_below(&id, "").await?;
            sidecars.sort_unstable();
            items.sort_unstable();
            around.insert(id, (sidecars, items));
        }
        let entry = |listed: Listed| {
            let (path, id) = (&listed.item.path, &listed.item.library_id);
            let beside = around.get(id).map(|(sidecars, items)| {
                let near = |all| near(all, stem(path)).iter().map(String::as_str);
                beside(path, near(sidecars), near(items))
            });
            Entry::new(listed, beside.unwrap_or_default())
        };
        Ok(all.into_iter().map(entry).collect())
    }
}
