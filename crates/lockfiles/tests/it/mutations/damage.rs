//! Small damages to a file, the same ones in every run.

use std::fmt;

/// Numbers that are the same everywhere (xorshift64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// At least 0, less than `limit`; 0 if that is 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// How a file was damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One bit of a byte is another.
    Flip,
    /// A byte is another one that formats are made of.
    Replace,
    /// Something that formats are made of is put in.
    Insert,
    /// A few bytes are gone.
    Delete,
    /// One to three whole lines are gone.
    DeleteLines,
    /// The end is gone.
    Truncate,
    /// A part stands twice.
    Duplicate,
    /// A line stands twice.
    DuplicateLine,
    /// A part of another fixture of the format is put in.
    Graft,
    /// The start of this fixture, the end of another of the format.
    Splice,
    /// Two lines have changed places.
    SwapLines,
    /// A bracket or quotation mark is gone.
    Unbracket,
    /// A part stands backwards.
    Reverse,
}

impl Kind {
    pub(crate) const ALL: [Kind; 13] = [
        Kind::Flip,
        Kind::Replace,
        Kind::Insert,
        Kind::Delete,
        Kind::DeleteLines,
        Kind::Truncate,
        Kind::Duplicate,
        Kind::DuplicateLine,
        Kind::Graft,
        Kind::Splice,
        Kind::SwapLines,
        Kind::Unbracket,
        Kind::Reverse,
    ];
}

/// What formats are made of.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"'",
    b"{",
    b"}",
    b"[",
    b"]",
    b"(",
    b")",
    b"<",
    b">",
    b":",
    b",",
    b"=",
    b"#",
    b"/",
    b"//",
    b"/*",
    b"\\",
    b" ",
    b"  ",
    b"\n",
    b"\r",
    b"\t",
    b"\0",
    b"\xff",
    b"-",
    b"- ",
    b"&a ",
    b"*a",
    b"!",
    b"|",
    b"?",
    b"0",
    b"null",
    b"true",
    b"../",
    b"@",
    b"<!--",
    b"]]>",
    b"&amp;",
    b"---\n",
    b"\xef\xbb\xbf",
    b"1e9",
    b";",
];

/// One or two damages that were done, and where.
pub(crate) struct Damage {
    pub(crate) steps: Vec<(Kind, usize, usize)>,
}

impl Damage {
    /// Whether one of the steps is of this kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.steps.iter().any(|(step, ..)| *step == kind)
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.steps.iter().map(|(kind, at, end)| format!("{kind:?} {at}..{end}")).collect();
        f.write_str(&steps.join(", "))
    }
}

/// Damages `bytes`; the round says with which kind first, the rest is drawn.
pub(crate) fn damage(bytes: &mut Vec<u8>, other: &[u8], round: usize, dice: &mut Dice) -> Damage {
    let mut steps = Vec::new();
    // Two at once hide what one alone shows, so mostly one.
    for step in 0..=usize::from(dice.below(4) == 0) {
        if bytes.is_empty() {
            break;
        }
        let kind = if step == 0 { Kind::ALL[round % Kind::ALL.len()] } else { dice.pick(&Kind::ALL) };
        let at = dice.below(bytes.len());
        let end = (at + 1 + dice.below(80)).min(bytes.len());
        apply(kind, bytes, other, (at, end), dice);
        steps.push((kind, at, end));
    }
    Damage { steps }
}

fn apply(kind: Kind, bytes: &mut Vec<u8>, other: &[u8], (at, end): (usize, usize), dice: &mut Dice) {
    match kind {
        Kind::Flip => bytes[at] ^= 1 << dice.below(8),
        Kind::Replace => bytes[at] = dice.pick(TOKENS)[0],
        Kind::Insert => drop(bytes.splice(at..at, dice.pick(TOKENS).iter().copied())),
        Kind::Delete => drop(bytes.drain(at..end)),
        Kind::DeleteLines => {
            let mut to = at;
            for _ in 0..=dice.below(3) {
                to = line(bytes, to.min(bytes.len() - 1)).1;
            }
            drop(bytes.drain(line(bytes, at).0..to));
        }
        Kind::Truncate => bytes.truncate(at),
        Kind::Duplicate => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        Kind::DuplicateLine => {
            let (from, to) = line(bytes, at);
            let again = bytes[from..to].to_vec();
            bytes.splice(from..from, again);
        }
        Kind::Graft => {
            let from = dice.below(other.len());
            let to = (from + 1 + dice.below(300)).min(other.len());
            bytes.splice(at..at, other.get(from..to).unwrap_or_default().iter().copied());
        }
        Kind::Splice => {
            bytes.truncate(at);
            bytes.extend_from_slice(&other[dice.below(other.len())..]);
        }
        Kind::SwapLines => swap_lines(bytes, at, dice),
        Kind::Unbracket => {
            let is_bracket = |byte: &u8| b"{}[]()<>\"'".contains(byte);
            if let Some(found) = bytes[at..].iter().position(is_bracket) {
                bytes.remove(at + found);
            }
        }
        Kind::Reverse => bytes[at..end].reverse(),
    }
}

/// Where the line of `at` starts, and where the next one does.
fn line(bytes: &[u8], at: usize) -> (usize, usize) {
    let from = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let to = bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length + 1);
    (from, to)
}

fn swap_lines(bytes: &mut Vec<u8>, at: usize, dice: &mut Dice) {
    let (first, second) = (line(bytes, at), line(bytes, dice.below(bytes.len())));
    let ((from, to), (later_from, later_to)) = (first.min(second), first.max(second));
    if to > later_from {
        return;
    }
    let swapped = [&bytes[later_from..later_to], &bytes[to..later_from], &bytes[from..to]].concat();
    bytes.splice(from..later_to, swapped);
}
