-- Libraries in the order of lists (0005), so that a list of several has them as the list of libraries does. See 0001 for
-- the rules. Rows from before have their bare name, which is no key, and get theirs when the database is opened.
alter table libraries add column name_order text not null default ''; -- the name, as it is ordered
update libraries set name_order = name;
create unique index libraries_in_order on libraries (name_order);
