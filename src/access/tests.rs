//! What happens between the decision and the first byte.

use std::time::Duration;

use super::*;
use crate::access::streams::{Asked, Cut};
use crate::db::accounts::NewUser;
use crate::db::folder::DataFolder;
use crate::db::scan::{File, Write};
use crate::db::sessions::NewSession;
use crate::db::tokens::NewToken;
use crate::storage::lease::Carrier;
use crate::types::program::Agent;
use crate::types::{ItemState, Role, TokenKind, UserState};

struct Nobody;

impl Carrier for Nobody {
    fn has_delivered(&self, _: u64) -> bool {
        true
    }

    fn cut(&self) {}
}

fn asked() -> Asked {
    let network = std::net::Ipv4Addr::LOCALHOST.into();
    Asked { network, agent: Agent::of(b"curl/8.14.1"), from: 0, size: 7 }
}

/// A viewer of everything with a token, and the one film.
async fn scene(folder: &std::path::Path) -> (Access, Credential, Named) {
    let db = Db::open(&DataFolder::create(folder).unwrap()).await.unwrap();
    let token = PlainToken::from_random([7; 24]);
    let mut change = db.change().await.unwrap();
    change.add_library("lib", "videos", "/srv/videos", 0).await.unwrap();
    let user = NewUser { id: "u", name: "ann", role: Role::Viewer, system: false, password: Some("stored") };
    change.add_user(&user, 0).await.unwrap();
    change.add_grant("u", None, "", 0).await.unwrap();
    let hash = TokenHash::of(&token).stored();
    let (kind, name, item, below, expires_at) = (TokenKind::Media, None, None, None, None);
    let row = NewToken { id: "t", user_id: "u", kind, hash: &hash, name, item, below, expires_at };
    change.add_token(&row, 0).await.unwrap();
    let (path, identity) = ("a.mp4".to_owned(), "1-1-1".to_owned());
    let file = File { path, size: 7, modified_ns: 1, identity, state: ItemState::Complete };
    let id = ItemId::new([1; 16]);
    assert!(change.write("lib", &Write::Add { id, file }, 0).await.unwrap());
    change.commit().await.unwrap();
    let credential = Credential::Token { text: token.expose().to_owned(), place: Place::Query };
    let clock = Clock::from_source(|| Duration::from_secs(100));
    (Access::new(db, clock), credential, Named::Item(id))
}

#[tokio::test]
async fn a_right_that_is_lost_before_the_first_byte_gets_the_answer_of_a_new_request() {
    for (state, want) in [(Some(UserState::Disabled), "unauthorized"), (None, "hidden")] {
        let folder = tempfile::tempdir().unwrap();
        let (access, credential, named) = scene(folder.path()).await;
        let caller = access.caller(Some(credential), &named, Entrance::Media, 1).await.unwrap();
        let permit = access.permit(caller, &named).await.unwrap();
        let mut change = access.db.change().await.unwrap();
        match state {
            Some(state) => change.set_state("u", state, 1).await.unwrap(),
            None => assert!(change.remove_grant("u", None, "").await.unwrap()),
        }
        change.commit().await.unwrap();
        access.renew(Epochs { access: 9, catalogue: 9 });
        let got = match access.enter(permit, asked(), Cut::new(Arc::new(Nobody))).await {
            Ok(_) => "in",
            Err(Withheld::Unauthorized(reason)) => {
                assert_eq!(reason, "inactive");
                "unauthorized"
            }
            Err(Withheld::Hidden) => "hidden",
            Err(Withheld::LinkOver | Withheld::Unavailable(_)) => "something else",
        };
        assert_eq!(got, want);
        assert!(access.streams.running().is_empty(), "nothing is kept of it");
    }
}

#[tokio::test]
async fn logins_and_visits_have_a_viewing_and_a_bare_token_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let (access, token, named) = scene(folder.path()).await;
    let secret = session::SessionSecret::from_random([9; 32]);
    let mut change = access.db.change().await.unwrap();
    let hash = secret.hash().stored();
    let row = NewSession {
        id: "s",
        user_id: "u",
        hash: &hash,
        client: "Firefox",
        network: "127.0.0.0",
        password: "stored",
    };
    assert!(change.add_session(&row, 100).await.unwrap());
    change.commit().await.unwrap();
    let Credential::Token { text, .. } = &token else { panic!("the scene has a token") };
    let visit = Credential::Token { text: text.clone(), place: Place::Visit };
    let cases = [
        (token.clone(), false, "token", Some("t"), "a token in an address"),
        (visit, true, "token", Some("t"), "a page that was opened by it"),
        (Credential::Session(secret.hash()), true, "user", None, "a login"),
    ];
    for (credential, is_viewing, by, id, why) in cases {
        let caller = access.caller(Some(credential), &named, Entrance::Media, 1).await.unwrap();
        let permit = access.permit(caller, &named).await.unwrap();
        assert_eq!(permit.viewing().is_some(), is_viewing, "{why}");
        let bearer = permit.bearer();
        assert_eq!((bearer.by, bearer.who.as_str(), bearer.credential.as_deref()), (by, "ann", id), "{why}");
    }
}
