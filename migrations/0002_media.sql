-- What is there to watch. See 0001 for the rules.

-- One row a file that is or was there. Rows of files that are gone stay, so that an id comes back with its file.
create table items (
    id            text   not null primary key,    -- 128 random bits, base64url
    library_id    text   not null references libraries (id) on delete cascade,
    path          text   not null,                -- below the library's folder, parts divided by '/'
    size          bigint not null,                -- bytes
    modified_ns   bigint not null,                -- nanoseconds since 1970
    identity      text   not null,                -- device, inode and birth of the file: follows it through a rename
    state         text   not null check (state in ('recording', 'complete')),
    created_at    bigint not null,
    changed_at    bigint not null,
    missing_since bigint                          -- none: the file is there
);
create unique index items_by_path on items (library_id, path) where missing_since is null;
create index items_by_identity on items (library_id, identity);
create index items_gone on items (library_id, path) where missing_since is not null;
