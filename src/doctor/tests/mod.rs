//! Each rule has a case that fires it, and the healthy ones fire none.

mod files;
mod servers;

use std::collections::BTreeSet;

use super::rules;

/// Identities are what people search for: each stands once, and every row has a reason and a source.
#[test]
fn the_table_is_well_formed() {
    let file = rules::file().map(|rule| (rule.id, rule.reason, rule.source));
    let http = rules::http().map(|rule| (rule.id, rule.reason, rule.source));
    let path = rules::path::RULES.iter().map(|rule| (rule.id, rule.reason, rule.source));
    let rows: Vec<_> = file.chain(http).chain(path).collect();
    let ids: BTreeSet<_> = rows.iter().map(|row| row.0).collect();
    assert_eq!(ids.len(), rows.len(), "an id stands twice");
    for (id, reason, source) in rows {
        let is_id = id.bytes().all(|byte| byte.is_ascii_lowercase() || b"-.0123456789".contains(&byte));
        assert!(is_id && reason.ends_with('.') && !source.is_empty(), "{id}");
    }
}
