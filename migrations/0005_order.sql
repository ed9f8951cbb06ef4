-- Lists in the order in which people count: "clip 2" stands before "clip 10". See 0001 for the rules. Rows from before
-- have '' and get theirs, and a name_key of the new kind, when the database is opened.
alter table items add column path_order text not null default ''; -- the whole path, as it is ordered; path_key is searched
drop index items_without_keys;
create index items_without_keys on items (id) where path_order = '';
drop index items_by_folder;
create index items_by_folder on items (library_id, folder, path_order) where missing_since is null;
create index items_in_order on items (library_id, path_order) where missing_since is null;
