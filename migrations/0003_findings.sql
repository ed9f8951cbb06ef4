-- What is in the files, and what lies beside them. See 0001 for the rules.

-- One row an item whose file was examined. It counts as long as the item's file is of the same version.
create table findings (
    item_id     text   not null primary key references items (id) on delete cascade,
    size        bigint not null,                  -- the version that was examined: as in items
    modified_ns bigint not null,
    identity    text   not null,
    prober      bigint not null,                  -- which examiner: a newer one looks again
    state       text   not null check (state in ('complete', 'broken')),
    container   text,                             -- mp4, webm, ...; none: no video that is known
    duration_ms bigint,                           -- none: the file does not say
    width       bigint,                           -- of the first picture track, as it is seen
    height      bigint,
    video_codec text,                             -- of the first picture track, as RFC 6381 names it
    audio_codec text,                             -- of the first sound track
    note        text,                             -- what is wrong with it and what helps, for its owner
    rules       bigint not null,                  -- which rules judged it: newer ones judge again
    verdict     text   not null,                  -- JSON: what becomes of it in each browser, and by which rules
    suspicion   text,                             -- what is odd about it among its siblings
    probed_at   bigint not null
);

-- One row a picture or a text with subtitles, which may belong to the items of its name.
create table sidecars (
    library_id text not null references libraries (id) on delete cascade,
    path       text not null,                     -- below the library's folder, as in items
    primary key (library_id, path)
);
