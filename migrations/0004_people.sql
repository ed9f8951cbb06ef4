-- People: who is logged in, what is shared, where somebody stopped, what did not play. See 0001 for the rules.

-- A revoked token ends what is being watched with it. One whose time has merely come lets a viewing that began in time go on.
alter table tokens add column revoked_at bigint;  -- none: not revoked; ended_at alone: its time was over
update tokens set revoked_at = ended_at where ended_at is not null;

-- One row a login. Names a person (export, erase): user_id, client, network.
create table sessions (
    id         text   not null primary key,
    user_id    text   not null references users (id) on delete cascade,
    hash       text   not null unique,            -- SHA-256 of the cookie's value, base64url
    client     text   not null,                   -- browser and system in words, as it said itself
    network    text   not null,                   -- where from: /24 or /48, never the address
    created_at bigint not null,
    used_at    bigint not null,                   -- last use, at most a minute old
    expires_at bigint not null                    -- moves on with each use, up to a limit from created_at
);
create index sessions_by_user on sessions (user_id);

-- One row a link that somebody without an account may open. Names persons (export, erase): owner_id, name.
create table shares (
    id          text    not null primary key,
    owner_id    text    not null references users (id) on delete cascade, -- what the owner may no longer see, the link no longer shows
    hash        text    not null unique,          -- SHA-256 of the code, base64url
    item_id     text    not null references items (id) on delete cascade,
    name        text,                             -- for whom
    password    text,                             -- argon2id in PHC form; none: the link is enough
    download    boolean not null,                 -- the file may be saved as well
    plays       bigint  not null,                 -- viewings that began
    plays_limit bigint,                           -- none: as many as they like
    expires_at  bigint,                           -- none: never
    created_at  bigint  not null,
    used_at     bigint,                           -- when the last viewing began
    revoked_at  bigint                            -- none: in use
);
create index shares_by_owner on shares (owner_id);

-- Viewings of shares that were counted, so that a restart of the server takes no second play. A row lives for a day.
create table share_viewings (
    share_id text   not null references shares (id) on delete cascade,
    client   text   not null,                     -- tells the viewers of one share apart; nobody can be found by it
    began_at bigint not null,
    primary key (share_id, client)
);
create index share_viewings_by_time on share_viewings (began_at);

-- Where a user stopped. Names a person (export, erase): user_id.
create table positions (
    user_id    text   not null references users (id) on delete cascade,
    item_id    text   not null references items (id) on delete cascade,
    at_ms      bigint not null,                   -- from the beginning of the film
    changed_at bigint not null,
    primary key (user_id, item_id)
);

-- What did not play. Names a person (export, erase): user_id, browser, steps.
create table reports (
    id         text   not null primary key,
    user_id    text   references users (id) on delete set null, -- none: a link's viewer, or a user who is gone
    item_id    text   references items (id) on delete set null,
    title      text   not null,                   -- the item's path at that time
    state      text   not null check (state in ('open', 'closed')),
    browser    text   not null,                   -- name and exact version, system
    error      text,                              -- the player's MediaError in words
    steps      text   not null,                   -- in the reporter's words
    facts      text   not null,                   -- JSON: the player's state, the requests and their answers, the verdict
    created_at bigint not null
);
create index reports_by_time on reports (created_at);

-- Lists of items: where each stands in them. What is made of the path the program writes, for SQL knows no letters
-- beyond ASCII; rows from before have '' and get theirs when the database is opened.
alter table items add column folder   text not null default ''; -- the path without its last part, '' at the top
alter table items add column name_key text not null default ''; -- the last part, as it is compared
alter table items add column path_key text not null default ''; -- the whole path, as it is compared
alter table items add column duration_key bigint not null default -1; -- of the findings of this version; -1: not known
create index items_without_keys on items (id) where path_key = '';
create index items_by_folder on items (library_id, folder, path) where missing_since is null;
create index items_by_name on items (name_key, id) where missing_since is null;
create index items_by_time on items (modified_ns, id) where missing_since is null;
create index items_by_size on items (size, id) where missing_since is null;
create index items_by_duration on items (duration_key, id) where missing_since is null;
create index items_by_words on items (path_key, library_id, missing_since) where missing_since is null;
create index findings_broken on findings (item_id) where state = 'broken';
