//! Which items somebody sees and wants to see, as a condition on `items`.

use super::statement::{Values, any_of, anywhere};
use crate::db::findings::OF_THIS_VERSION;
use crate::db::media::Library;
use crate::types::{Area, ItemId, ItemState, Prefix, Scope, folded};

/// What a list is of. What somebody may see and what he asks for are one condition, so that a count tells no more than
/// the list.
#[derive(Debug, Clone)]
pub struct Selection {
    /// What was granted.
    pub granted: Vec<Area>,
    /// What the credential is narrowed to.
    pub scope: Scope,
    /// Of this library only, by its name.
    pub library: Option<String>,
    /// Below this path.
    pub below: Prefix,
    /// Only what lies in that folder itself.
    pub flat: bool,
    /// Each occurs somewhere in the library's name or the path.
    pub words: Vec<String>,
    pub state: Option<ItemState>,
}

/// The libraries that there are, and a statement's values so far.
pub(super) struct Writing<'l> {
    pub libraries: &'l [Library],
    pub values: Values,
}

impl<'l> Writing<'l> {
    pub fn new(libraries: &'l [Library]) -> Writing<'l> {
        Writing { libraries, values: Values::default() }
    }

    /// Conditions on `items`. All of them have to hold.
    pub fn conditions(&mut self, selection: &Selection) -> Vec<String> {
        let mut all = vec!["items.missing_since is null".to_owned()];
        all.push(self.areas(&selection.granted));
        all.push(match &selection.scope {
            Scope::All => String::new(),
            Scope::Item(id) => self.item(*id),
            Scope::Below(area) => self.areas(std::slice::from_ref(area)),
        });
        if let Some(name) = &selection.library {
            let area = Area::Below { library: name.clone(), prefix: selection.below.clone() };
            all.push(self.areas(&[area]));
        }
        if selection.flat {
            all.push(format!("items.folder = {}", self.values.text(selection.below.as_str())));
        }
        all.extend(selection.words.iter().map(|word| self.word(word)));
        all.push(selection.state.map(of_state).unwrap_or_default());
        all.retain(|condition| !condition.is_empty());
        all
    }

    fn item(&mut self, id: ItemId) -> String {
        format!("items.id = {}", self.values.text(id.to_string()))
    }

    /// Empty: everything.
    fn areas(&mut self, areas: &[Area]) -> String {
        if areas.contains(&Area::Everything) {
            return String::new();
        }
        let each: Vec<String> = areas.iter().filter_map(|area| self.area(area)).collect();
        any_of(&each)
    }

    /// None: its library is not there. Each range is one of an index.
    fn area(&mut self, area: &Area) -> Option<String> {
        let Area::Below { library, prefix } = area else { return None };
        let known = self.libraries.iter().find(|known| known.name == *library)?;
        let library = self.values.text(&known.id);
        if prefix.as_str().is_empty() {
            return Some(format!("items.library_id = {library}"));
        }
        let prefix = self.values.text(prefix.as_str());
        Some(format!(
            "(items.library_id = {library} and items.path = {prefix}
              or items.library_id = {library} and items.path >= {prefix} || '/' and items.path < {prefix} || '0')"
        ))
    }

    fn word(&mut self, word: &str) -> String {
        let word = folded(word);
        let pattern = self.values.text(anywhere(&word));
        let mut places = vec![format!("items.path_key like {pattern} escape '\\'")];
        for library in self.libraries.iter().filter(|library| folded(&library.name).contains(&word)) {
            places.push(format!("items.library_id = {}", self.values.text(&library.id)));
        }
        any_of(&places)
    }
}

/// As [`crate::db::findings::Listed::state`] has it. Broken files are few, so they are found first and once.
fn of_state(state: ItemState) -> String {
    let broken = format!(
        "(select items.id from findings cross join items where {OF_THIS_VERSION} and findings.state = 'broken')"
    );
    match state {
        ItemState::Recording => "items.state = 'recording'".to_owned(),
        ItemState::Complete => format!("items.state = 'complete' and items.id not in {broken}"),
        ItemState::Broken => format!("items.state = 'complete' and items.id in {broken}"),
    }
}
