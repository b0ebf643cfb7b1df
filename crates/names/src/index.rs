//! A list, ready to be asked for names that are equal in some form, or a slip or two away.
//!
//! One slip: two names are at most one slip apart only if they are equal once at most one letter is left out of
//! each. So every name is filed under the hashes of its text and of its text without each letter, and a question
//! looks up the same hashes of its own: some twenty of them, whatever the size of the list.
//!
//! Two slips: of four parts of a name, two slips leave at least one as it was, at most two places further on. So
//! long names are filed under their parts, too.
//!
//! What is found is compared letter by letter; hashes only choose what to compare.

use crate::confusable::skeleton;
use crate::distance::{Slip, slip, within_two};
use crate::form::{is_separator, letters, sorted, squeezed, tokens};
use crate::list::LONGEST;

/// Ids by hash, in one allocation: counted into buckets by the leading bits.
#[derive(Debug, Default)]
struct Filed {
    /// Where each bucket begins.
    starts: Vec<u32>,
    /// Hash and id.
    entries: Vec<(u32, u32)>,
    shift: u32,
}

impl Filed {
    fn new(items: &[(u32, u32)]) -> Filed {
        let bits = usize::BITS - items.len().leading_zeros();
        // Some eight entries in each bucket: a line or two of a processor's cache.
        let bits = bits.saturating_sub(3).clamp(1, 22);
        let shift = 32 - bits;
        let bucket = |hash: u32| (hash >> shift) as usize;
        let mut starts = vec![0u32; (1 << bits) + 1];
        items.iter().for_each(|(hash, _)| starts[bucket(*hash) + 1] += 1);
        for index in 1..starts.len() {
            starts[index] += starts[index - 1];
        }
        let mut next = starts.clone();
        let mut entries = vec![(0, 0); items.len()];
        for item in items {
            let place = &mut next[bucket(item.0)];
            entries[*place as usize] = *item;
            *place += 1;
        }
        Filed { starts, entries, shift }
    }

    fn get(&self, hash: u32) -> impl Iterator<Item = u32> + '_ {
        let bucket = (hash.checked_shr(self.shift).unwrap_or(0)) as usize;
        let range = match (self.starts.get(bucket), self.starts.get(bucket + 1)) {
            (Some(start), Some(end)) => *start as usize..*end as usize,
            _ => 0..0,
        };
        let entries = self.entries.get(range).unwrap_or_default();
        entries.iter().filter(move |(filed, _)| *filed == hash).map(|(_, id)| *id)
    }
}

const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

/// Powers of [`BASE`], as many as the longest name needs.
static POWERS: [u64; LONGEST + 1] = {
    let mut powers = [1u64; LONGEST + 1];
    let mut place = 1;
    while place < powers.len() {
        powers[place] = powers[place - 1].wrapping_mul(BASE);
        place += 1;
    }
    powers
};

/// Hashes of a text and of its parts, each in constant time.
struct Hashes {
    prefixes: [u64; LONGEST + 1],
    length: usize,
}

impl Hashes {
    /// Of the first [`LONGEST`] bytes, which are all of a name.
    fn new(text: &str) -> Hashes {
        let mut hashes = Hashes { prefixes: [0; LONGEST + 1], length: text.len().min(LONGEST) };
        let mut hash = 0u64;
        for (prefix, byte) in hashes.prefixes.iter_mut().skip(1).zip(text.bytes()) {
            hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(byte) + 1);
            *prefix = hash;
        }
        hashes
    }

    fn len(&self) -> usize {
        self.length
    }

    fn part(&self, start: usize, end: usize) -> u64 {
        self.prefixes[end].wrapping_sub(self.prefixes[start].wrapping_mul(POWERS[end - start]))
    }

    fn whole(&self) -> u32 {
        mixed(self.part(0, self.len()))
    }

    /// Of the whole, and of the whole without each letter.
    fn with_one_left_out(&self) -> impl Iterator<Item = u32> + '_ {
        let length = self.len();
        let without = move |place: usize| {
            let rest = self.part(place + 1, length);
            mixed(self.prefixes[place].wrapping_mul(POWERS[length - place - 1]).wrapping_add(rest))
        };
        std::iter::once(self.whole()).chain((0..length).map(without))
    }
}

fn mixed(hash: u64) -> u32 {
    ((hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93) >> 32) as u32
}

fn hash(text: &str) -> u32 {
    mixed(wide_hash(text))
}

/// Of the whole text, unmixed.
pub(crate) fn wide_hash(text: &str) -> u64 {
    of_bytes(text.bytes())
}

fn of_bytes(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0, |hash: u64, byte| hash.wrapping_mul(BASE).wrapping_add(u64::from(byte) + 1))
}

/// Of the letters alone: the same as of the squeezed name.
fn squeezed_hash(name: &str) -> u32 {
    mixed(of_bytes(name.bytes().filter(|byte| !is_separator(*byte))))
}

/// The same for the same words in whatever order.
fn words_hash(name: &str) -> u32 {
    mixed(tokens(name).map(|token| u64::from(hash(token))).fold(0, u64::wrapping_add))
}

/// Into so many parts a long name is cut.
const PARTS: usize = 4;
/// Shorter names are not looked for with two slips.
pub(crate) const LONG: usize = 12;
/// A part that more names share says nothing.
const SHARED: usize = 48;
/// Most names compared for two slips.
const MOST_COMPARED: usize = 192;

fn part_of(length: usize, part: usize) -> (usize, usize) {
    (part * length / PARTS, (part + 1) * length / PARTS)
}

fn part_hash(part: u64, number: usize, length: usize) -> u32 {
    mixed(part.wrapping_add((number * 1024 + length) as u64).wrapping_mul(BASE))
}

/// Of names that are on a list: which of them. Ids are places in the list.
#[derive(Debug, Default)]
pub(crate) struct Exact(Filed);

impl Exact {
    pub(crate) fn new(names: &[String]) -> Exact {
        let items: Vec<(u32, u32)> = (0..).zip(names).map(|(id, name)| (hash(name), id)).collect();
        Exact(Filed::new(&items))
    }

    /// The id of a name in normal form.
    pub(crate) fn get(&self, names: &[String], name: &str) -> Option<u32> {
        self.0.get(hash(name)).find(|id| names[*id as usize] == name)
    }
}

/// For names that are on no list: what they are near to.
#[derive(Debug, Default)]
pub(crate) struct Near {
    one_left_out: Filed,
    parts: Filed,
    skeletons: Filed,
    squeezed: Filed,
    sorted: Filed,
}

impl Near {
    /// Files those of the names that `wanted` says.
    pub(crate) fn new(names: &[String], wanted: impl Fn(&str) -> bool) -> Near {
        let bytes: usize = names.iter().map(|name| name.len() + 1).sum();
        let mut one_left_out = Vec::with_capacity(bytes);
        let (mut parts, mut orders) = (Vec::new(), Vec::new());
        let (mut skeletons, mut squeezes) = (Vec::with_capacity(names.len()), Vec::with_capacity(names.len()));
        for (id, name) in (0u32..).zip(names).filter(|(_, name)| wanted(name)) {
            let hashes = Hashes::new(name);
            one_left_out.extend(hashes.with_one_left_out().map(|hash| (hash, id)));
            if name.len() >= LONG {
                parts.extend((0..PARTS).map(|number| {
                    let (start, end) = part_of(name.len(), number);
                    (part_hash(hashes.part(start, end), number, name.len()), id)
                }));
            }
            skeletons.push((hash(&skeleton(name)), id));
            squeezes.push((squeezed_hash(name), id));
            if tokens(name).nth(1).is_some() {
                orders.push((words_hash(name), id));
            }
        }
        Near {
            one_left_out: Filed::new(&one_left_out),
            parts: Filed::new(&parts),
            skeletons: Filed::new(&skeletons),
            squeezed: Filed::new(&squeezes),
            sorted: Filed::new(&orders),
        }
    }

    /// Names one slip away, the most popular first.
    pub(crate) fn one_slip(&self, names: &[String], name: &str) -> Vec<(u32, Slip)> {
        let hashes = Hashes::new(name);
        let mut ids: Vec<u32> = hashes.with_one_left_out().flat_map(|hash| self.one_left_out.get(hash)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(|id| Some((id, slip(name, &names[id as usize])?))).collect()
    }

    /// Long names two slips away, the most popular first.
    pub(crate) fn two_slips(&self, names: &[String], name: &str) -> Vec<u32> {
        if name.len() < LONG {
            return Vec::new();
        }
        let hashes = Hashes::new(name);
        let mut ids: Vec<u32> = Vec::new();
        for length in (name.len() - 2).max(LONG)..=name.len() + 2 {
            for number in 0..PARTS {
                let (start, end) = part_of(length, number);
                // Up to two places before and behind.
                for shifted in start.saturating_sub(2)..=start + 2 {
                    let until = shifted + (end - start);
                    if until <= hashes.len() {
                        let found = self.parts.get(part_hash(hashes.part(shifted, until), number, length));
                        let found: Vec<u32> = found.take(SHARED + 1).collect();
                        ids.extend(found.iter().filter(|_| found.len() <= SHARED));
                    }
                }
            }
        }
        ids.sort_unstable();
        ids.dedup();
        ids.truncate(MOST_COMPARED);
        ids.retain(|id| is_other(names, *id, name) && within_two(name, &names[*id as usize]));
        ids
    }

    /// Names that look the same.
    pub(crate) fn same_looks(&self, names: &[String], name: &str) -> Option<u32> {
        let wanted = skeleton(name);
        least(self.skeletons.get(hash(&wanted)), |id| {
            is_other(names, id, name) && skeleton(&names[id as usize]) == wanted
        })
    }

    /// Names with the same letters, separated elsewhere or by something else.
    pub(crate) fn same_letters(&self, names: &[String], name: &str) -> Option<u32> {
        let wanted = squeezed(name);
        least(self.squeezed.get(squeezed_hash(name)), |id| {
            is_other(names, id, name) && squeezed(&names[id as usize]) == wanted
        })
    }

    /// Names of the same words in another order.
    pub(crate) fn same_words(&self, names: &[String], name: &str) -> Option<u32> {
        let wanted = sorted(name);
        least(self.sorted.get(words_hash(name)), |id| {
            is_other(names, id, name) && sorted(&names[id as usize]) == wanted
        })
    }
}

/// A name is not mistaken for itself.
fn is_other(names: &[String], id: u32, name: &str) -> bool {
    names[id as usize] != name
}

/// The most popular of several.
fn least(ids: impl Iterator<Item = u32>, is_it: impl Fn(u32) -> bool) -> Option<u32> {
    ids.filter(|id| is_it(*id)).min()
}

/// Whether the name is long enough to be mistaken at all.
pub(crate) fn is_long_enough(name: &str) -> bool {
    const SHORTEST: usize = 5;
    letters(name) >= SHORTEST
}
