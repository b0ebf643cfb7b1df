//! Lockfiles of any number of packages, the same ones in every run, in every format.
//!
//! Each package asks for up to four later ones; the project asks for the first hundred and
//! for whatever nobody else does.

mod javascript;
mod python;
mod sbom;

use std::fmt::Write;

/// One made-up package.
pub(super) struct Made {
    pub(super) name: String,
    pub(super) version: String,
    /// Indices of what it asks for; all are larger than its own.
    pub(super) wants: Vec<usize>,
    /// 128 hexadecimal digits.
    pub(super) hex: String,
}

/// A file of a generated project.
pub(super) struct Generated {
    /// The format's id, as Vetch calls it.
    pub(super) format: &'static str,
    /// Name and contents; the first is the one that is read.
    pub(super) files: Vec<(&'static str, String)>,
}

/// Every format, with `count` packages each.
pub(super) fn all(count: usize) -> Vec<Generated> {
    let packages = packages(count);
    let direct = direct(&packages);
    let mut all = javascript::all(&packages, &direct);
    all.extend(python::all(&packages, &direct));
    all.extend(sbom::all(&packages, &direct));
    all
}

fn packages(count: usize) -> Vec<Made> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut packages = Vec::with_capacity(count);
    for index in 0..count {
        let mut wants: Vec<usize> = Vec::new();
        for _ in 0..random() % 5 {
            let later = index + 1 + (random() % 400) as usize;
            if later < count && !wants.contains(&later) {
                wants.push(later);
            }
        }
        wants.sort_unstable();
        let hex = (0..8).fold(String::new(), |mut hex, _| {
            write!(hex, "{:016x}", random()).ok();
            hex
        });
        let version = format!("{}.{}.{}", random() % 9, random() % 30, random() % 30);
        packages.push(Made { name: format!("made-package-{index:05}"), version, wants, hex });
    }
    packages
}

/// What the project asks for itself.
fn direct(packages: &[Made]) -> Vec<usize> {
    let mut is_asked = vec![false; packages.len()];
    for want in packages.iter().flat_map(|package| &package.wants) {
        if let Some(is_asked) = is_asked.get_mut(*want) {
            *is_asked = true;
        }
    }
    is_asked
        .iter()
        .enumerate()
        .filter(|(index, is_asked)| *index < 100 || !**is_asked)
        .map(|(index, _)| index)
        .collect()
}

impl Made {
    /// 64 hexadecimal digits; another one for each file of the release.
    pub(super) fn sha256(&self, file: usize) -> String {
        let (left, right) = self.hex.split_at(file % 60);
        format!("{right}{left}").chars().take(64).collect()
    }

    /// Base64 of 64 bytes, which happens to be hexadecimal digits as well.
    pub(super) fn sri(&self) -> String {
        let digits: String = self.hex.chars().cycle().take(85).collect();
        format!("sha512-{digits}A==")
    }
}

/// The packages with these indices.
pub(super) fn of<'p>(packages: &'p [Made], indices: &'p [usize]) -> impl Iterator<Item = &'p Made> + Clone {
    indices.iter().filter_map(|index| packages.get(*index))
}

/// `text` of each, with `between` in between.
pub(super) fn joined<'p>(
    packages: impl Iterator<Item = &'p Made>,
    between: &str,
    text: impl Fn(&Made) -> String,
) -> String {
    packages.map(text).collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_made_every_time() {
        let (one, other) = (all(50), all(50));
        assert!(one.len() >= 20);
        for (one, other) in one.iter().zip(&other) {
            assert_eq!(one.files, other.files, "{}", one.format);
            assert!(one.files[0].1.matches("made-package-").count() >= 50, "{}", one.format);
        }
    }
}
