-- Who may open what. Text runs on SQLite and Postgres: columns are text, bigint and boolean only.
-- Times are seconds since 1970 (UTC). Ids are random text. Never edited after a release.

-- One row a user. Names a person (export, erase): name, name_key.
create table users (
    id         text   not null primary key,
    name       text   not null,                   -- as it was typed
    name_key   text   not null,                   -- as it is compared: lower case
    role       text   not null check (role in ('admin', 'viewer')),
    state      text   not null check (state in ('active', 'disabled', 'deleted')),
    system     boolean not null default false,    -- a machine's account: opens nothing that a viewer can use
    password   text,                              -- argon2id in PHC form; none: cannot log in
    created_at bigint not null,
    changed_at bigint not null
);
-- A deleted user's name may be given again.
create unique index users_by_name on users (name_key) where state <> 'deleted';

-- One row a folder that is served. Rows stay when a folder is not served for a while, so that ids return with it.
create table libraries (
    id         text   not null primary key,
    name       text   not null unique,
    path       text   not null,                   -- absolute
    created_at bigint not null,
    scanned_at bigint                             -- end of the last full scan; none: never
);

-- What a user sees.
create table grants (
    user_id    text   not null references users (id) on delete cascade,
    library_id text   references libraries (id) on delete cascade, -- none: every library
    prefix     text   not null,                   -- path below the library, '' for all of it
    created_at bigint not null
);
create unique index grants_once on grants (user_id, coalesce(library_id, ''), prefix);

-- One row a token. The token itself is shown once and not here.
create table tokens (
    id         text   not null primary key,
    user_id    text   not null references users (id) on delete cascade,
    kind       text   not null check (kind in ('media', 'api', 'legacy')),
    hash       text   not null unique,            -- SHA-256, base64url
    name       text,                              -- what its owner calls it
    item_id    text,                              -- narrowed to this item
    library_id text   references libraries (id) on delete cascade, -- narrowed to this library ...
    prefix     text,                              -- ... and to what lies below this path
    expires_at bigint,                            -- none: never
    created_at bigint not null,
    used_at    bigint,                            -- last use, at most a minute old
    ended_at   bigint                             -- revoked, or found to be over: never valid again
);
create index tokens_by_user on tokens (user_id);

-- Keys that sign URLs.
create table signing_keys (
    id         text   not null primary key,
    secret     text   not null,                   -- 256 random bits, base64url
    created_at bigint not null,
    retires_at bigint                             -- no longer accepted from then on; none: in use
);

-- Secrets of the installation that nobody ever types.
create table secrets (
    name  text not null primary key,
    value text not null                           -- base64url
);

-- Counters that a running server watches: caches of a lower count are void.
create table epochs (
    name  text   not null primary key,            -- 'access': users, grants, tokens, keys; 'catalogue': libraries, items; 'clock': latest time seen
    value bigint not null
);
insert into epochs (name, value) values ('access', 1), ('catalogue', 1), ('clock', 0);
