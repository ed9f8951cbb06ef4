//! What happens between the decision and the first byte.

use std::time::Duration;

use super::*;
use crate::access::streams::{Asked, Cut};
use crate::db::accounts::NewUser;
use crate::db::folder::DataFolder;
use crate::db::scan::{File, Write};
use crate::db::sessions::NewSession;
use crate::db::shares::NewShare;
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
    scene_at(folder, Clock::from_source(|| Duration::from_secs(100)), None).await
}

/// The same, with a token that ends.
async fn scene_at(
    folder: &std::path::Path,
    clock: Clock,
    expires_at: Option<Seconds>,
) -> (Access, Credential, Named) {
    let db = Db::open(&DataFolder::create(folder).unwrap()).await.unwrap();
    let token = PlainToken::from_random([7; 24]);
    let mut change = db.change().await.unwrap();
    change.add_library("lib", "videos", "/srv/videos", 0).await.unwrap();
    let user = NewUser { id: "u", name: "ann", role: Role::Viewer, system: false, password: Some("stored") };
    change.add_user(&user, 0).await.unwrap();
    change.add_grant("u", None, "", 0).await.unwrap();
    let hash = TokenHash::of(&token).stored();
    let (kind, name, item, below) = (TokenKind::Media, None, None, None);
    let row = NewToken { id: "t", user_id: "u", kind, hash: &hash, name, item, below, expires_at };
    change.add_token(&row, 0).await.unwrap();
    let (path, identity) = ("a.mp4".to_owned(), "1-1-1".to_owned());
    let file = File { path, size: 7, modified_ns: 1, identity, state: ItemState::Complete };
    let id = ItemId::new([1; 16]);
    assert!(change.write("lib", &Write::Add { id, file }, 0).await.unwrap());
    change.commit().await.unwrap();
    let credential = Credential::Token { text: token.expose().to_owned(), place: Place::Query };
    (Access::new(db, clock, [5; 32]), credential, Named::Item(id))
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
            Err(Withheld::LinkOver | Withheld::UsedUp | Withheld::Locked | Withheld::Unavailable(_)) => {
                "something else"
            }
        };
        assert_eq!(got, want);
        assert!(access.streams.running().is_empty(), "nothing is kept of it");
    }
}

/// What a client gets at this moment.
async fn gets(access: &Access, credential: &Credential, named: &Named, client: u64) -> &'static str {
    let caller = access.caller(Some(credential.clone()), named, Entrance::Media, client).await;
    let permit = match caller {
        Ok(caller) => access.permit(caller, named).await,
        Err(denied) => Err(denied.into()),
    };
    match permit {
        // The film's first bytes, for a share's viewing begins with them.
        Ok(permit) => match access.begin(permit).await {
            Ok(permit) => permit.reason(),
            Err(withheld) => answer(&withheld),
        },
        Err(withheld) => answer(&withheld),
    }
}

fn answer(withheld: &Withheld) -> &'static str {
    match withheld {
        Withheld::Hidden => "hidden",
        Withheld::Unauthorized(reason) => reason,
        Withheld::LinkOver => "over",
        Withheld::UsedUp => "used up",
        Withheld::Locked => "locked",
        Withheld::Unavailable(_) => "unavailable",
    }
}

/// A clock that is moved by hand, in seconds.
fn hand() -> (Arc<AtomicI64>, Clock) {
    let time = Arc::new(AtomicI64::new(1_000));
    let read = Arc::clone(&time);
    let source = move || Duration::from_secs(read.load(Ordering::Relaxed).unsigned_abs());
    (time, Clock::from_source(source))
}

const MINUTE: i64 = 60;

#[tokio::test]
async fn a_viewing_outlasts_its_token_while_somebody_watches_and_no_longer_than_half_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let (time, clock) = hand();
    let (access, credential, named) = scene_at(folder.path(), clock, Some(1_010)).await;
    let ask = |client| gets(&access, &credential, &named, client);
    assert_eq!((ask(1).await, ask(2).await), ("granted", "granted"));
    time.store(1_010, Ordering::Relaxed);
    assert_eq!((ask(1).await, ask(3).await), ("viewing", "expired"), "one that has begun, and a new one");
    time.store(1_000 + 20 * MINUTE, Ordering::Relaxed);
    assert_eq!(ask(1).await, "viewing");
    time.store(1_000 + 31 * MINUTE, Ordering::Relaxed);
    assert_eq!(
        (ask(1).await, ask(2).await),
        ("viewing", "expired"),
        "who paused for longer than half an hour"
    );
    for minutes in (51..=719).step_by(20) {
        time.store(1_000 + minutes * MINUTE, Ordering::Relaxed);
        assert_eq!(ask(1).await, "viewing", "after {minutes} minutes");
    }
    time.store(1_000 + 720 * MINUTE, Ordering::Relaxed);
    assert_eq!(ask(1).await, "expired", "half a day");
    let again = Access::new(access.db.clone(), access.clock.clone(), [5; 32]);
    assert_eq!(gets(&again, &credential, &named, 1).await, "expired");
}

/// A link to the one film, for two plays.
async fn shared(access: &Access, expires_at: Option<Seconds>) -> (Credential, Named) {
    let code = share::ShareCode::from_random([9; 18]);
    let hash = code.hash().stored();
    let mut change = access.db.change().await.unwrap();
    let (name, password, item) = (None, None, ItemId::new([1; 16]));
    let (owner_id, plays_limit) = ("u", Some(2));
    let (id, hash) = ("s", hash.as_str());
    let row = NewShare { id, owner_id, hash, item, name, password, download: false, plays_limit, expires_at };
    change.add_share(&row, 0).await.unwrap();
    change.commit().await.unwrap();
    (Credential::Share(share::ShareVisit::new(code.clone())), Named::Shared(code))
}

#[tokio::test]
async fn a_share_counts_viewings_and_its_viewers_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (time, clock) = hand();
    let (access, _, _) = scene_at(folder.path(), clock, None).await;
    let (credential, named) = shared(&access, Some(1_000 + 600 * MINUTE)).await;
    let plays = async || access.db.share("s").await.unwrap().unwrap().plays;
    let ask = |client| gets(&access, &credential, &named, client);
    assert_eq!((ask(1).await, ask(1).await, plays().await), ("granted", "granted", 1));
    time.store(1_000 + 31 * MINUTE, Ordering::Relaxed);
    assert_eq!((ask(1).await, plays().await), ("granted", 2), "after a long pause it is another viewing");
    assert_eq!((ask(1).await, ask(2).await), ("viewing", "used up"));

    time.store(1_000 + 40 * MINUTE, Ordering::Relaxed);
    let again = Access::new(access.db.clone(), access.clock.clone(), [5; 32]);
    let ask = |client| gets(&again, &credential, &named, client);
    time.store(1_000 + 69 * MINUTE, Ordering::Relaxed);
    assert_eq!((ask(1).await, ask(2).await), ("viewing", "used up"), "within the pause of a viewing");
    let late = Access::new(access.db.clone(), access.clock.clone(), [5; 32]);
    time.store(1_000 + 99 * MINUTE, Ordering::Relaxed);
    assert_eq!(gets(&late, &credential, &named, 1).await, "used up", "nobody pauses as long");
    assert_eq!(plays().await, 2);
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

#[tokio::test]
async fn what_is_written_for_debugging_holds_no_signature() {
    let folder = tempfile::tempdir().unwrap();
    let (access, _, named) = scene(folder.path()).await;
    let mut change = access.db.change().await.unwrap();
    change.add_signing_key("k", [9; 32], 0).await.unwrap();
    change.commit().await.unwrap();
    let link = Link::sign(&[9; 32], "k", &Target::Item(ItemId::new([1; 16])), 1_000);
    let signature = format!("{:?}", link.signature());
    let caller = access.caller(Some(Credential::Link(link)), &named, Entrance::Media, 0).await.unwrap();
    let permit = access.permit(caller, &named).await.unwrap();
    let asking = exchanges::Asking::of(&permit, "film", &http::HeaderMap::new());
    for text in [format!("{permit:?}"), format!("{:?}", permit.viewing()), format!("{asking:?}")] {
        assert!(!text.contains(signature.trim_matches(['[', ']'])), "{text}");
    }
}

/// The permit of somebody who asks for the first time, if it may be kept.
async fn kept(access: &Access, credential: &Credential, named: &Named) -> Option<standing::Standing> {
    let caller = access.caller(Some(credential.clone()), named, Entrance::Media, 1).await.unwrap();
    let permit = access.permit(caller, named).await.unwrap();
    access.keep(&permit)
}

#[tokio::test]
async fn a_decision_stands_until_something_that_it_rests_on_changes() {
    type Change = fn(&Access, &AtomicI64);
    let cases: [(Change, bool, &str); 8] = [
        (|_, _| {}, true, "nothing"),
        (|_, time| time.store(1_009, Ordering::Relaxed), true, "time goes on"),
        (|_, time| time.store(1_010, Ordering::Relaxed), false, "the token is over"),
        (|access, _| _ = access.renew(Epochs { access: 9, catalogue: 0 }), false, "rights"),
        (|access, _| _ = access.renew(Epochs { access: 0, catalogue: 9 }), false, "the catalogue"),
        (|access, _| _ = access.set_informed(false), false, "the database is silent"),
        (|access, _| access.forget_session(&TokenHash::of_text("x")), false, "a logout, perhaps this one"),
        (|access, _| _ = access.renew(Epochs { access: 0, catalogue: 0 }), true, "news without a change"),
    ];
    for (change, want, why) in cases {
        let folder = tempfile::tempdir().unwrap();
        let (time, clock) = hand();
        let (access, credential, named) = scene_at(folder.path(), clock, Some(1_010)).await;
        let standing = kept(&access, &credential, &named).await.unwrap();
        assert!(access.again(&standing).is_some(), "{why}: before");
        change(&access, &time);
        assert_eq!(access.again(&standing).is_some(), want, "{why}");
        time.store(1_005, Ordering::Relaxed);
        assert_eq!(access.again(&standing).is_some(), want, "{why}: and the clock is put back");
    }
}

#[tokio::test]
async fn a_decision_is_made_anew_after_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let (time, clock) = hand();
    let (access, credential, named) = scene_at(folder.path(), clock, None).await;
    let standing = kept(&access, &credential, &named).await.unwrap();
    let latest = (1..3_600).take_while(|seconds| {
        time.store(1_000 + seconds, Ordering::Relaxed);
        access.again(&standing).is_some()
    });
    assert_eq!(latest.last(), Some(29), "whoever decides also notes the last use and the viewing");
}

#[tokio::test]
async fn a_viewing_whose_credential_is_over_is_decided_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let (time, clock) = hand();
    let (access, credential, named) = scene_at(folder.path(), clock, Some(1_010)).await;
    assert_eq!(gets(&access, &credential, &named, 1).await, "granted");
    time.store(1_010, Ordering::Relaxed);
    assert_eq!(gets(&access, &credential, &named, 1).await, "viewing");
    assert!(kept(&access, &credential, &named).await.is_none());
}

#[tokio::test]
async fn a_share_is_decided_each_time_until_its_viewing_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    let (_, clock) = hand();
    let (access, _, _) = scene_at(folder.path(), clock, None).await;
    let (credential, named) = shared(&access, None).await;
    assert!(kept(&access, &credential, &named).await.is_none(), "the first bytes take a play");
    assert_eq!(gets(&access, &credential, &named, 1).await, "granted");
    let standing = kept(&access, &credential, &named).await.expect("what follows takes none");
    assert!(access.again(&standing).is_some());
    assert_eq!(gets(&access, &credential, &named, 2).await, "granted");
    assert_eq!(gets(&access, &credential, &named, 3).await, "used up");
    assert!(access.again(&standing).is_some(), "who has begun goes on");
}
