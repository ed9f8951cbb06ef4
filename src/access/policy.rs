//! Who may see what. Facts in, decision out; no database, no clock.

use crate::types::{Area, ItemId, Role, Scope, TokenKind, UserState};

use super::credential::Place;

/// A token or a login and the user behind it, as the database knows them. A login is like a token for watching that no
/// URL can carry.
#[derive(Debug, Clone)]
pub struct Holder {
    pub token_id: String,
    pub user_id: String,
    pub user_name: String,
    pub kind: TokenKind,
    pub scope: Scope,
    /// Seconds since 1970.
    pub expires_at: Option<i64>,
    /// Its time was found to be over once, and stays over.
    pub is_over: bool,
    pub role: Role,
    pub state: UserState,
    pub system: bool,
    pub grants: Vec<Area>,
}

/// A share, and the user on whose word it stands. No Debug: it holds a password's hash.
#[derive(Clone)]
pub struct Share {
    /// Narrowed to the item; the id and the end are the share's.
    pub owner: Holder,
    pub item: ItemId,
    /// argon2id in PHC form; none: the link is enough.
    pub password: Option<String>,
    /// The file may be saved as well.
    pub download: bool,
    /// Every play was taken when this was read.
    pub is_used_up: bool,
}

/// The door that a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrance {
    Media,
    /// The drop-in route, the only one that takes keys of the application before us.
    Legacy,
}

/// Why a credential opens nothing. The caller learns none of it: every one is the same 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not found: never given out, revoked, or not even a token.
    Unknown,
    Expired,
    /// An api token in a URL, where it would stand in histories and logs.
    InUrl,
    /// A key of the application before us at another door than its own.
    WrongDoor,
    /// Disabled or deleted.
    Inactive,
    /// A machine's account.
    System,
    /// Good for watching, and more is needed.
    WatchingOnly,
    /// It speaks for somebody who is no administrator.
    NotAdmin,
}

impl Refusal {
    /// The label of the metric.
    pub fn label(self) -> &'static str {
        match self {
            Refusal::Unknown => "unknown",
            Refusal::Expired => "expired",
            Refusal::InUrl => "in_url",
            Refusal::WrongDoor => "wrong_door",
            Refusal::Inactive => "inactive",
            Refusal::System => "system",
            Refusal::WatchingOnly => "watching_only",
            Refusal::NotAdmin => "not_admin",
        }
    }
}

/// What a caller with a good credential sees: what is granted and within the credential's scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    granted: Vec<Area>,
    scope: Scope,
}

impl Rights {
    /// What the holder of a good token sees.
    pub fn of(holder: &Holder) -> Rights {
        let granted = match holder.role {
            Role::Admin => vec![Area::Everything],
            Role::Viewer => holder.grants.clone(),
        };
        Rights { granted, scope: holder.scope.clone() }
    }

    /// Whether the credential's scope is less than what its user sees.
    pub fn is_narrowed(&self) -> bool {
        self.scope != Scope::All
    }

    /// Whether every file of this area is seen, also one that comes later.
    pub fn hold(&self, area: &Area) -> bool {
        let is_in_scope = match &self.scope {
            Scope::All => true,
            Scope::Below(own) => own.holds(area),
            Scope::Item(_) => false,
        };
        is_in_scope && self.granted.iter().any(|granted| granted.holds(area))
    }

    /// Of somebody who watches nothing.
    pub fn none() -> Rights {
        Rights { granted: Vec::new(), scope: Scope::All }
    }

    /// The parts of the catalogue within which everything that is seen lies; `scope` may narrow it to one item.
    pub fn areas(&self) -> &[Area] {
        &self.granted
    }

    /// What narrows them.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Of a signed URL: what was signed, on the word of the key's owner.
    pub fn of_link(scope: Scope) -> Rights {
        Rights { granted: vec![Area::Everything], scope }
    }

    /// What a new credential of the same user is narrowed to when this was wished: to no more than what this one sees,
    /// also of what will be granted later. None: nothing is seen there. An item has to be asked of [`Rights::cover`].
    pub fn passed_on(&self, wished: Scope) -> Option<Scope> {
        let seen = |area: &Area| self.granted.iter().any(|granted| granted.overlaps(area));
        match (&self.scope, wished) {
            (own, Scope::All) => Some(own.clone()),
            (Scope::All, Scope::Below(area)) => seen(&area).then_some(Scope::Below(area)),
            (Scope::Below(own), Scope::Below(area)) => {
                (own.holds(&area) && seen(&area)).then_some(Scope::Below(area))
            }
            (Scope::Item(_), Scope::Below(_)) => None,
            (_, Scope::Item(id)) => Some(Scope::Item(id)),
        }
    }

    /// Whether this item is one of those.
    pub fn cover(&self, id: ItemId, library: &str, path: &str) -> bool {
        self.scope.covers(id, library, path) && self.granted.iter().any(|area| area.covers(library, path))
    }
}

/// Whether a token is good here and now, and for what.
pub fn admit(holder: &Holder, place: Place, entrance: Entrance, now: i64) -> Result<Rights, Refusal> {
    match (holder.kind, place, entrance) {
        (TokenKind::Api, Place::Query | Place::Path | Place::Visit, _) => return Err(Refusal::InUrl),
        (TokenKind::Legacy, _, Entrance::Media) => return Err(Refusal::WrongDoor),
        _ => {}
    }
    if holder.state != UserState::Active {
        return Err(Refusal::Inactive);
    }
    if holder.system {
        return Err(Refusal::System);
    }
    if holder.is_over || holder.expires_at.is_some_and(|end| end <= now) {
        return Err(Refusal::Expired);
    }
    Ok(Rights::of(holder))
}

/// What a credential may do beside watching: what its user may, by a login or by an api token in the header. One that
/// is narrowed administers nothing. Machines may be admins; it is watching that they may not.
pub fn role(holder: &Holder, place: Place, now: i64) -> Result<Role, Refusal> {
    let person = Holder { system: false, ..holder.clone() };
    admit(&person, place, Entrance::Media, now)?;
    match (place, holder.kind, &holder.scope) {
        (Place::Session, ..) | (Place::Header, TokenKind::Api, Scope::All) => Ok(holder.role),
        (Place::Header, TokenKind::Api, _) => Ok(Role::Viewer),
        _ => Err(Refusal::WatchingOnly),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer() -> Holder {
        Holder {
            token_id: "t".to_owned(),
            user_id: "u".to_owned(),
            user_name: "ada".to_owned(),
            kind: TokenKind::Media,
            scope: Scope::All,
            expires_at: None,
            is_over: false,
            role: Role::Viewer,
            state: UserState::Active,
            system: false,
            grants: vec!["videos/2024".parse().unwrap()],
        }
    }

    #[test]
    fn a_token_is_good_at_its_door_while_it_lasts() {
        use {Entrance::*, Place::*};
        let of = |kind| Holder { kind, ..viewer() };
        let until = |end| Holder { expires_at: Some(end), ..viewer() };
        let cases = [
            (viewer(), Query, Media, None, "what media tokens are for"),
            (viewer(), Path, Media, None, "likewise"),
            (viewer(), Header, Media, None, "likewise"),
            (viewer(), Query, Legacy, None, "likewise"),
            (of(TokenKind::Api), Header, Media, None, "its user may watch"),
            (of(TokenKind::Api), Query, Media, Some(Refusal::InUrl), "header only"),
            (of(TokenKind::Api), Path, Media, Some(Refusal::InUrl), "header only"),
            (of(TokenKind::Api), Query, Legacy, Some(Refusal::InUrl), "header only, at every door"),
            (of(TokenKind::Legacy), Query, Legacy, None, "what it was given out for"),
            (of(TokenKind::Legacy), Query, Media, Some(Refusal::WrongDoor), "and nothing more"),
            (until(101), Query, Media, None, "a second left"),
            (until(100), Query, Media, Some(Refusal::Expired), "over at that second"),
            (
                Holder { state: UserState::Disabled, ..viewer() },
                Query,
                Media,
                Some(Refusal::Inactive),
                "disabled",
            ),
            (
                Holder { state: UserState::Deleted, ..viewer() },
                Query,
                Media,
                Some(Refusal::Inactive),
                "deleted",
            ),
            (
                Holder { is_over: true, ..viewer() },
                Query,
                Media,
                Some(Refusal::Expired),
                "found to be over before",
            ),
            (Holder { system: true, ..viewer() }, Query, Media, Some(Refusal::System), "a machine"),
            (
                Holder { system: true, role: Role::Admin, ..viewer() },
                Header,
                Media,
                Some(Refusal::System),
                "even an admin",
            ),
        ];
        for (holder, place, entrance, want, why) in cases {
            assert_eq!(
                admit(&holder, place, entrance, 100).err(),
                want,
                "{why}: {:?} {place:?}",
                holder.kind
            );
        }
    }

    #[test]
    fn people_speak_by_a_login_or_an_api_token_in_the_header() {
        let admin = Holder { kind: TokenKind::Api, role: Role::Admin, ..viewer() };
        let media = |holder: &Holder| Holder { kind: TokenKind::Media, ..holder.clone() };
        let narrowed = Scope::Below("videos".parse().unwrap());
        let cases = [
            (admin.clone(), Place::Header, Ok(Role::Admin), "what it is for"),
            (Holder { system: true, ..admin.clone() }, Place::Header, Ok(Role::Admin), "machines administer"),
            (media(&admin), Place::Session, Ok(Role::Admin), "a login"),
            (media(&viewer()), Place::Session, Ok(Role::Viewer), "a viewer's login"),
            (admin.clone(), Place::Query, Err(Refusal::InUrl), "never in a URL"),
            (admin.clone(), Place::Visit, Err(Refusal::InUrl), "nor where a URL's token went"),
            (media(&admin), Place::Header, Err(Refusal::WatchingOnly), "watching only"),
            (Holder { role: Role::Viewer, ..admin.clone() }, Place::Header, Ok(Role::Viewer), "a viewer"),
            (Holder { scope: narrowed, ..admin.clone() }, Place::Header, Ok(Role::Viewer), "narrowed"),
            (
                Holder { state: UserState::Disabled, ..admin.clone() },
                Place::Header,
                Err(Refusal::Inactive),
                "disabled",
            ),
            (Holder { expires_at: Some(1), ..admin }, Place::Header, Err(Refusal::Expired), "over"),
        ];
        for (holder, place, want, why) in cases {
            assert_eq!(role(&holder, place, 100), want, "{why}");
        }
    }

    #[test]
    fn rights_are_grants_within_the_scope() {
        let id = ItemId::new([1; 16]);
        let other = ItemId::new([2; 16]);
        let admin = Holder { role: Role::Admin, grants: Vec::new(), ..viewer() };
        let nobody = Holder { grants: Vec::new(), ..viewer() };
        let narrowed = |scope| Holder { scope, ..viewer() };
        let below = |text: &str| narrowed(Scope::Below(text.parse().unwrap()));
        let cases = [
            (viewer(), "videos", "2024/a.mp4", true, "granted"),
            (viewer(), "videos", "2023/a.mp4", false, "not granted"),
            (viewer(), "other", "2024/a.mp4", false, "another library"),
            (nobody, "videos", "2024/a.mp4", false, "a new user sees nothing"),
            (admin.clone(), "other", "x.mp4", true, "admins see everything"),
            (narrowed(Scope::Item(id)), "videos", "2024/a.mp4", true, "the one item"),
            (narrowed(Scope::Item(other)), "videos", "2024/a.mp4", false, "another item"),
            (narrowed(Scope::Item(id)), "other", "x.mp4", false, "the scope grants nothing"),
            (below("videos/2024/a.mp4"), "videos", "2024/a.mp4", true, "within both"),
            (below("videos/2024/march"), "videos", "2024/a.mp4", false, "granted, not in scope"),
            (below("videos"), "videos", "2023/a.mp4", false, "in scope, not granted"),
            (
                Holder { scope: Scope::Item(other), ..admin },
                "videos",
                "2024/a.mp4",
                false,
                "narrowed admins as well",
            ),
        ];
        for (holder, library, path, want, why) in cases {
            let rights = admit(&holder, Place::Query, Entrance::Media, 0).unwrap();
            assert_eq!(rights.cover(id, library, path), want, "{why}: {library}/{path}");
        }
        let link = Rights::of_link(Scope::Below("videos/2023".parse().unwrap()));
        assert!(link.cover(id, "videos", "2023/a.mp4"));
        assert!(!link.cover(id, "videos", "2024/a.mp4"));
    }

    #[test]
    fn an_area_is_held_by_who_sees_all_of_it() {
        let below = |text: &str| Scope::Below(text.parse().unwrap());
        let cases = [
            (Scope::All, "videos/2024", true, "what is granted"),
            (Scope::All, "videos/2024/march", true, "a part of it"),
            (Scope::All, "videos", false, "a part of that is granted"),
            (below("videos"), "videos/2024", true, "within a wider scope"),
            (below("videos/2024/march"), "videos/2024", false, "a part of that is in the scope"),
            (Scope::Item(ItemId::new([1; 16])), "videos/2024", false, "one item of it"),
        ];
        for (scope, area, want, why) in cases {
            let rights = Rights::of(&Holder { scope, ..viewer() });
            assert_eq!(rights.hold(&area.parse().unwrap()), want, "{why}: {area}");
        }
    }

    #[test]
    fn nobody_passes_on_more_than_he_has() {
        let (id, other) = (ItemId::new([1; 16]), ItemId::new([2; 16]));
        let below = |text: &str| Scope::Below(text.parse().unwrap());
        let cases = [
            (Scope::All, Scope::All, Some(Scope::All), "all that its user sees"),
            (Scope::All, below("videos/2024/march"), Some(below("videos/2024/march")), "a part of a grant"),
            (Scope::All, below("videos"), Some(below("videos")), "a grant lies in it"),
            (Scope::All, below("videos/2023"), None, "not granted"),
            (Scope::All, below("others"), None, "another library"),
            (below("videos/2024"), Scope::All, Some(below("videos/2024")), "as narrow as its maker"),
            (below("videos/2024"), below("videos/2024/march"), Some(below("videos/2024/march")), "narrower"),
            (below("videos/2024"), below("videos"), None, "wider, though granted today"),
            (below("videos/2024"), below("/"), None, "everything"),
            (Scope::Item(id), Scope::All, Some(Scope::Item(id)), "as narrow as its maker"),
            (Scope::Item(id), below("videos/2024"), None, "wider than an item"),
            (
                Scope::All,
                Scope::Item(other),
                Some(Scope::Item(other)),
                "whether it is seen is asked elsewhere",
            ),
        ];
        for (own, wished, want, why) in cases {
            let rights = Rights::of(&Holder { scope: own.clone(), ..viewer() });
            assert_eq!(rights.passed_on(wished.clone()), want, "{why}: {own} {wished}");
        }
    }
}
