//! A Bloom filter over the indicators: most of what a release shows is listed nowhere, and is told so without a look into
//! the file. It errs to one side only.

use vetch_model::indicator::IndicatorKind;

/// Bits for each indicator, and probes: about one question in 400 is asked in vain.
const BITS_EACH: u64 = 16;
const PROBES: u64 = 4;
/// Smallest and largest size, in bits.
const MIN_BITS: u64 = 1 << 13;
const MAX_BITS: u64 = 1 << 30;

/// The filter, as it is kept: its bits, a power of two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    bits: Vec<u8>,
}

impl Filter {
    /// For so many indicators.
    pub(super) fn new(count: u64) -> Filter {
        let bits = count.saturating_mul(BITS_EACH).clamp(MIN_BITS, MAX_BITS).next_power_of_two();
        Filter { bits: vec![0; usize::try_from(bits / 8).unwrap_or_default()] }
    }

    /// From what is kept; `None` if it is of another form.
    pub(super) fn from_bytes(bits: Vec<u8>) -> Option<Filter> {
        (bits.len().is_power_of_two() && bits.len() as u64 >= MIN_BITS / 8).then_some(Filter { bits })
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn places(&self, hash: u64) -> impl Iterator<Item = (usize, u8)> + use<> {
        let mask = self.bits.len() as u64 * 8 - 1;
        // Two halves make any number of hashes (Kirsch, Mitzenmacher 2006).
        let step = (hash >> 32) | 1;
        (0..PROBES).map(move |probe| {
            let bit = hash.wrapping_add(probe.wrapping_mul(step)) & mask;
            ((bit / 8) as usize, 1 << (bit % 8))
        })
    }

    pub(super) fn insert(&mut self, hash: u64) {
        for (at, bit) in self.places(hash) {
            if let Some(byte) = self.bits.get_mut(at) {
                *byte |= bit;
            }
        }
    }

    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.places(hash).all(|(at, bit)| self.bits.get(at).is_some_and(|byte| byte & bit != 0))
    }
}

/// FNV-1a with a final mix. It has to be the same for ever, and need not withstand anybody: whoever makes two values
/// collide costs one look-up.
pub(super) fn hash(kind: IndicatorKind, value: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    for byte in kind.as_str().as_bytes().iter().chain(&[0]).chain(value) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^ (hash >> 33)
}

/// The bytes that are hashed of a value: digests as bytes, not as text.
pub(super) fn bytes_of(kind: IndicatorKind, value: &str) -> Vec<u8> {
    if !kind.is_hash() {
        return value.as_bytes().to_vec();
    }
    hex::decode(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_is_found_and_most_else_is_not() {
        let mut filter = Filter::new(10_000);
        let value = |number: u32| format!("host-{number}.invalid");
        for number in 0..10_000 {
            filter.insert(hash(IndicatorKind::Domain, value(number).as_bytes()));
        }
        assert!((0..10_000).all(|number| filter.may_hold(hash(IndicatorKind::Domain, value(number).as_bytes()))));
        let wrong =
            (10_000..60_000).filter(|number| filter.may_hold(hash(IndicatorKind::Domain, value(*number).as_bytes())));
        assert!(wrong.count() < 500);
        assert_eq!(Filter::from_bytes(filter.as_bytes().to_vec()), Some(filter));
        assert_eq!(Filter::from_bytes(vec![0; 3000]), None);
        assert_eq!(bytes_of(IndicatorKind::Md5, "00ff10"), [0, 255, 16]);
    }
}
