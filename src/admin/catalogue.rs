//! What somebody sees of the catalogue. Rights are part of every question to the database, so nothing has to be left out
//! afterwards, and numbers tell no more than lists.

use std::collections::{BTreeMap, HashMap};

use super::items::Entry;
use super::{Admin, AdminError};
use crate::access::policy::Rights;
use crate::db::catalogue::{Mark, Neighbour, Selection, Slice};
use crate::db::findings::Listed;
use crate::db::media::{Item, Library};
use crate::library::sidecar::{beside, near, stem};
use crate::types::order::path_order;
use crate::types::{Area, ItemId, ItemState, Prefix, Sort};

/// What a list shall be of.
pub struct ListWish {
    /// None: of all libraries.
    pub library: Option<String>,
    /// Below this path of the library.
    pub below: Prefix,
    /// Each occurs in the library's name or the path.
    pub words: Vec<String>,
    pub state: Option<ItemState>,
    pub sort: Sort,
    pub after: Option<Mark>,
    pub at_most: u32,
    /// Only what lies in the folder itself, and its folders; without a library the libraries are the folders.
    pub by_folder: bool,
}

/// A part of a list.
pub struct Page {
    pub entries: Vec<Entry>,
    /// On the first page only.
    pub folders: Vec<SubFolder>,
    /// None: it was the last one.
    pub next: Option<Mark>,
    /// Of the whole list, without what lies in folders.
    pub total: u64,
}

/// A folder in which somebody sees something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubFolder {
    pub library: String,
    /// Below the library's folder; empty: the library.
    pub path: String,
    /// However deep.
    pub items: u64,
}

/// A library in which somebody sees something.
pub struct SeenLibrary {
    pub library: Library,
    pub items: u64,
    pub broken: u64,
}

impl Admin {
    pub async fn page(&self, rights: &Rights, wish: &ListWish) -> Result<Page, AdminError> {
        let selection = Selection {
            library: wish.library.clone(),
            below: wish.below.clone(),
            words: wish.words.clone(),
            state: wish.state,
            ..everything(rights)
        };
        if wish.by_folder && wish.library.is_none() {
            let folders = self.libraries_as_folders(rights, &selection).await?;
            return Ok(Page { entries: Vec::new(), folders, next: None, total: 0 });
        }
        let folders = match &wish.library {
            Some(library) if wish.by_folder && wish.after.is_none() => {
                let counts = self.db.count_by_folder(&selection).await?;
                let counts = counts.into_iter().map(|count| (count.of, count.items));
                sub_folders(library, wish.below.as_str(), counts)
            }
            _ => Vec::new(),
        };
        let selection = Selection { flat: wish.by_folder, ..selection };
        let total = self.db.count(&selection).await?;
        let (after, at_most) = (wish.after.clone(), wish.at_most.saturating_add(1));
        let slice = Slice { sort: wish.sort, after, at_most };
        // Where nothing is found, every item was looked at once, which is enough.
        let mut listed = if total > 0 { self.db.page(&selection, &slice).await? } else { Vec::new() };
        let limit = usize::try_from(wish.at_most).unwrap_or(usize::MAX);
        let goes_on = listed.len() > limit;
        listed.truncate(limit);
        let next = listed.last().filter(|_| goes_on).map(|last| Mark::of(last, wish.sort));
        Ok(Page { entries: self.with_sidecars(listed).await?, folders, next, total })
    }

    /// Those in which something is found. Without a search also those that may be seen as a whole: somebody who was given
    /// a library or has made one shall find it before the first video is there.
    async fn libraries_as_folders(
        &self,
        rights: &Rights,
        selection: &Selection,
    ) -> Result<Vec<SubFolder>, AdminError> {
        let is_search = !selection.words.is_empty() || selection.state.is_some();
        let mut counts: HashMap<String, u64> = HashMap::new();
        for count in self.db.count_by_library(selection).await? {
            counts.insert(count.of, count.items);
        }
        let libraries = self.db.libraries().await?.into_iter();
        let folder = |library: Library| {
            let counted = counts.remove(&library.id);
            let items = counted.or_else(|| (!is_search && holds_all(rights, &library)).then_some(0))?;
            Some(SubFolder { library: library.name, path: String::new(), items })
        };
        Ok(libraries.filter_map(folder).collect())
    }

    /// Libraries by name: those in which something is seen or that may be seen as a whole; `all`: the others as well.
    pub async fn seen_libraries(&self, rights: &Rights, all: bool) -> Result<Vec<SeenLibrary>, AdminError> {
        let seen = everything(rights);
        let broken = Selection { state: Some(ItemState::Broken), ..seen.clone() };
        let numbers = |counts: Vec<crate::db::catalogue::Count>| {
            counts.into_iter().map(|count| (count.of, count.items)).collect::<HashMap<_, _>>()
        };
        let items = numbers(self.db.count_by_library(&seen).await?);
        let broken = numbers(self.db.count_by_library(&broken).await?);
        let of = |counts: &HashMap<String, u64>, library: &Library| {
            counts.get(&library.id).copied().unwrap_or_default()
        };
        let libraries = self.db.libraries().await?.into_iter();
        let seen = libraries.map(|library| SeenLibrary {
            items: of(&items, &library),
            broken: of(&broken, &library),
            library,
        });
        Ok(seen.filter(|seen| all || seen.items > 0 || holds_all(rights, &seen.library)).collect())
    }

    /// Whether somebody sees any video.
    pub async fn sees_any(&self, rights: &Rights) -> Result<bool, AdminError> {
        Ok(self.db.has_any(&everything(rights)).await?)
    }

    /// Whether a library is among the [`Admin::seen_libraries`]. Nothing is counted.
    pub async fn sees_library(&self, rights: &Rights, name: &str, all: bool) -> Result<bool, AdminError> {
        let libraries = self.db.libraries().await?;
        let Some(library) = libraries.iter().find(|library| library.name == name) else { return Ok(false) };
        if all || holds_all(rights, library) {
            return Ok(true);
        }
        let selection = Selection { library: Some(name.to_owned()), ..everything(rights) };
        Ok(self.db.has_any(&selection).await?)
    }

    /// None: it is not there.
    pub async fn entry(&self, id: ItemId) -> Result<Option<Entry>, AdminError> {
        let listed = self.db.listed_item(id).await?;
        Ok(self.with_sidecars(listed.into_iter().collect()).await?.pop())
    }

    /// What somebody sees before and behind an item in its folder.
    pub async fn neighbours(
        &self,
        rights: &Rights,
        item: &Item,
    ) -> Result<[Option<Neighbour>; 2], AdminError> {
        let selection = Selection { library: Some(item.library.clone()), ..everything(rights) };
        Ok(self.db.neighbours(&selection, &item.path).await?)
    }

    /// What lies beside these items and no others.
    async fn with_sidecars(&self, all: Vec<Listed>) -> Result<Vec<Entry>, AdminError> {
        let mut stems: HashMap<&str, Vec<&str>> = HashMap::new();
        for Listed { item, .. } in &all {
            stems.entry(&item.library_id).or_default().push(stem(&item.path));
        }
        let mut around = HashMap::new();
        for (library_id, stems) in stems {
            let mut nearby = self.db.nearby_all(library_id, &stems).await?;
            nearby.sidecars.sort_unstable();
            nearby.items.sort_unstable();
            around.insert(library_id.to_owned(), nearby);
        }
        let entry = |listed: Listed| {
            let path = &listed.item.path;
            let beside = around.get(&listed.item.library_id).map(|nearby| {
                let near = |all| near(all, stem(path)).iter().map(String::as_str);
                beside(path, near(&nearby.sidecars), near(&nearby.items))
            });
            Entry::new(listed, beside.unwrap_or_default())
        };
        Ok(all.into_iter().map(entry).collect())
    }
}

/// Whoever may see all that will ever be in a library knows of it.
fn holds_all(rights: &Rights, library: &Library) -> bool {
    rights.hold(&Area::Below { library: library.name.clone(), prefix: Prefix::default() })
}

fn everything(rights: &Rights) -> Selection {
    Selection {
        granted: rights.areas().to_vec(),
        scope: rights.scope().clone(),
        library: None,
        below: Prefix::default(),
        flat: false,
        words: Vec::new(),
        state: None,
    }
}

/// The folders in a folder, from the numbers of all that lie below it.
fn sub_folders(
    library: &str,
    below: &str,
    counts: impl IntoIterator<Item = (String, u64)>,
) -> Vec<SubFolder> {
    let mut folders: BTreeMap<String, u64> = BTreeMap::new();
    for (folder, items) in counts {
        let rest = match below {
            "" => Some(folder.as_str()),
            below => folder.strip_prefix(below).and_then(|rest| rest.strip_prefix('/')),
        };
        let first = rest.and_then(|rest| rest.split('/').next()).filter(|first| !first.is_empty());
        if let Some(first) = first {
            let path = if below.is_empty() { first.to_owned() } else { format!("{below}/{first}") };
            *folders.entry(path).or_default() += items;
        }
    }
    let folder = |(path, items)| SubFolder { library: library.to_owned(), path, items };
    let mut folders: Vec<SubFolder> = folders.into_iter().map(folder).collect();
    folders.sort_by_cached_key(|folder| path_order(&folder.path));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_count_what_lies_in_them_however_deep() {
        let counts = [
            ("", 1),
            ("a", 2),
            ("a/b", 3),
            ("a/b/c", 4),
            ("ab", 5),
            ("z/y", 6),
            ("a/b 10", 1),
            ("A/b", 1),
            ("a/b 9", 1),
        ];
        let cases = [
            ("", "A=1 a=11 ab=5 z=6", "at the top"),
            ("a", "a/b=7 a/b 9=1 a/b 10=1", "not ab, and 9 before 10"),
            ("a/b", "a/b/c=4", "deeper"),
            ("a/b/c", "", "a leaf"),
            ("z", "z/y=6", "a folder of folders"),
        ];
        for (below, want, why) in cases {
            let counts = counts.iter().map(|(folder, items)| ((*folder).to_owned(), *items));
            let found = sub_folders("videos", below, counts);
            let told: Vec<String> =
                found.iter().map(|folder| format!("{}={}", folder.path, folder.items)).collect();
            assert_eq!(told.join(" "), want, "{why}");
        }
    }
}
