//! Other boxes than `stco` and `co64` that name places in the file.
//!
//! 1. `saio` (ISO/IEC 14496-12 §8.7.9) says where the keys of encrypted samples lie.
//! 2. `iloc` (§8.11.3) says where the items of a `meta` lie: with construction method 0 in the file, with the
//!    others in a box or in another item.
//!
//! They are rare, and nobody sees a mistake in them before it is too late, so they are found and not changed.

use crate::mp4::boxes::{Atom, Children, FourCc, Malformed};
use crate::mp4::fields::Fields;

/// Boxes that hold boxes on the way to such places.
const CONTAINERS: [&[u8; 4]; 6] = [b"trak", b"mdia", b"minf", b"stbl", b"udta", b"meta"];

/// Finds the first box below `children` that names places in the file.
pub(super) fn find(children: Children<'_>) -> Result<Option<FourCc>, Malformed> {
    for child in children {
        // What is no list of boxes (user data may be anything) has none of these in it either.
        let Ok(child) = child else { return too_deep(child.err()) };
        if child.kind == b"saio" || (child.kind == b"iloc" && names_places(&child)) {
            return Ok(Some(child.kind));
        }
        let found = match &child.kind.0 {
            b"meta" => find(child.children_of_meta())?,
            _ if child.kind.is_any(&CONTAINERS) => find(child.children())?,
            _ => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn too_deep(error: Option<Malformed>) -> Result<Option<FourCc>, Malformed> {
    match error {
        Some(Malformed::TooDeep) => Err(Malformed::TooDeep),
        _ => Ok(None),
    }
}

/// Whether any item lies in the file itself. What cannot be read is taken for a yes.
fn names_places(iloc: &Atom<'_>) -> bool {
    any_in_file(iloc.fields()).unwrap_or(true)
}

fn any_in_file(mut fields: Fields<'_>) -> Option<bool> {
    let (version, _) = fields.version_and_flags()?;
    let [sizes, more_sizes] = fields.array()?.map(usize::from);
    let index_len = if version == 0 { 0 } else { more_sizes & 0xf };
    let extent_len = index_len + (sizes >> 4) + (sizes & 0xf);
    let wide = version >= 2;
    let number = |fields: &mut Fields<'_>| if wide { fields.u32() } else { fields.u16().map(u32::from) };
    let count = number(&mut fields)?;
    for _ in 0..count {
        number(&mut fields)?;
        // Version 0 knows no other method.
        let method = if version == 0 { 0 } else { fields.u16()? & 0xf };
        // Data reference, base offset.
        fields.take(2 + (more_sizes >> 4))?;
        let extents = usize::from(fields.u16()?);
        fields.take(extents.checked_mul(extent_len)?)?;
        if method == 0 {
            return Some(true);
        }
    }
    Some(false)
}
