//! Tar headers, read as npm reads them (`lib/header` and `lib/parse` of its
//! `tar` package, version 7.5).

use crate::input::BLOCK;
use crate::pax::Overrides;
use std::borrow::Cow;

/// Largest integer that is exact in JavaScript.
const MAX_SAFE: i128 = (1 << 53) - 1;

/// Magic and version of POSIX archives.
const USTAR: &[u8; 8] = b"ustar\x0000";

/// What a header announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    HardLink,
    SymbolicLink,
    /// Device or pipe.
    Special,
    /// Path of the next entry.
    LongPath,
    /// Link target of the next entry.
    LongLink,
    /// PAX records for the next entry.
    Pax,
    /// PAX records for all entries that follow.
    GlobalPax,
    /// npm passes over it with its contents.
    Other(u8),
}

impl Kind {
    fn of(flag: u8) -> Kind {
        match flag {
            0 | b'0' | b'7' => Kind::File,
            b'1' => Kind::HardLink,
            b'2' => Kind::SymbolicLink,
            b'3' | b'4' | b'6' => Kind::Special,
            b'5' | b'D' => Kind::Folder,
            b'L' | b'N' => Kind::LongPath,
            b'K' => Kind::LongLink,
            b'x' | b'X' => Kind::Pax,
            b'g' => Kind::GlobalPax,
            other => Kind::Other(other),
        }
    }

    /// Describes other entries rather than being one.
    pub(crate) fn is_extension(self) -> bool {
        matches!(self, Kind::LongPath | Kind::LongLink | Kind::Pax | Kind::GlobalPax)
    }
}

/// A header with its overrides applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    /// As written.
    pub(crate) path: String,
    /// As written. Not empty for a link, nor where an extension header gave one to a file.
    pub(crate) link: String,
    /// Bytes of contents, without padding.
    pub(crate) size: u64,
    /// Any execute bit.
    pub(crate) executable: bool,
}

/// What a block is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decoded {
    /// Two of them end the archive.
    Zero,
    Header(Header),
    /// Not a header: npm passes over this block and takes the next one for a header.
    Invalid(&'static str),
}

/// Reads a block as a header. `next` and `global` override its fields, but not
/// those of extension headers.
pub(crate) fn decode(block: &[u8; BLOCK], next: &Overrides, global: &Overrides) -> Decoded {
    let flag = block[156];
    let kind = Kind::of(flag);
    let overridable = !kind.is_extension() && !matches!(kind, Kind::Other(_));
    let none = Overrides::default();
    let (next, global) = if overridable { (next, global) } else { (&none, &none) };
    let Ok(numbers) = Numbers::read(block, next.given | global.given) else {
        return Decoded::Invalid("one of its numbers is none");
    };
    let sum = sum(block);
    if numbers.checksum.is_none() && sum == 8 * 0x20 {
        return Decoded::Zero;
    }
    // Borrowed, because a long name is kept through any number of blocks that turn out invalid.
    let name = next.path.as_deref().map_or_else(|| Cow::Owned(string(&block[..100])), Cow::Borrowed);
    // Archives from before the folder type mark folders by a slash at the end.
    let folder = kind == Kind::File && flag != b'7' && name.ends_with('/');
    let kind = if folder { Kind::Folder } else { kind };
    let size = match kind {
        Kind::Folder if flag != b'D' => 0,
        _ => next.size.or(global.size).or(numbers.size).unwrap_or(0),
    };
    let prefix = prefix(block);
    let has_path = prefix.is_some() || !name.is_empty();
    let link = string(&block[157..257]);
    if let Some(why) = objection(kind, flag, has_path, &link, numbers.checksum == Some(sum)) {
        return Decoded::Invalid(why);
    }
    let path = match prefix {
        Some(prefix) if next.path.is_none() => format!("{prefix}/{name}"),
        _ => name.into_owned(),
    };
    // The global one goes first, unlike elsewhere: npm applies it last.
    let link = global.link.clone().or_else(|| next.link.clone()).unwrap_or(link);
    Decoded::Header(Header { kind, path, link, size, executable: numbers.executable })
}

/// Why npm does not take a block for a header.
fn objection(kind: Kind, flag: u8, has_path: bool, link: &str, checksum: bool) -> Option<&'static str> {
    let is_link = matches!(kind, Kind::HardLink | Kind::SymbolicLink);
    if !checksum {
        Some("its checksum is wrong")
    } else if !has_path {
        Some("it has no path")
    } else if is_link && link.is_empty() {
        Some("it is a link without a target")
    } else if !is_link && !link.is_empty() && !matches!(flag, b'x' | b'g') {
        Some("it has a link target but is no link")
    } else {
        None
    }
}

/// The numbers of a header.
struct Numbers {
    checksum: Option<i64>,
    size: Option<u64>,
    executable: bool,
}

impl Numbers {
    /// npm refuses a header for a bad number even in a field that it has no use
    /// for, but not in one that a PAX header has `given`.
    fn read(block: &[u8; BLOCK], given: u8) -> Result<Self, ()> {
        let ustar = &block[257..265] == USTAR;
        let times = ustar && block[475] == 0;
        let idle = [
            (108, 8, given & Overrides::UID == 0),
            (116, 8, given & Overrides::GID == 0),
            (136, 12, given & Overrides::MTIME == 0),
            (329, 8, ustar),
            (337, 8, ustar),
            (476, 12, times && given & Overrides::ATIME == 0),
            (488, 12, times && given & Overrides::CTIME == 0),
        ];
        for (start, length, read) in idle {
            if read {
                number(&block[start..start + length])?;
            }
        }
        let mode = if given & Overrides::MODE == 0 { number(&block[100..108])? } else { None };
        Ok(Numbers {
            // Twelve bytes, as npm does, although the field has eight.
            checksum: number(&block[148..160])?,
            size: number(&block[124..136])?.and_then(|size| size.try_into().ok()),
            executable: mode.is_some_and(|mode| mode & 0o111 != 0),
        })
    }
}

/// Sum of the bytes, those of the checksum field taken as spaces.
fn sum(block: &[u8; BLOCK]) -> i64 {
    let add = |bytes: &[u8]| bytes.iter().map(|byte| i64::from(*byte)).sum::<i64>();
    add(&block[..148]) + 8 * 0x20 + add(&block[156..])
}

/// The ustar prefix field, which is shorter in npm's dialect when times follow it.
fn prefix(block: &[u8; BLOCK]) -> Option<String> {
    if &block[257..265] != USTAR {
        return None;
    }
    if block[475] != 0 {
        return Some(string(&block[345..500]));
    }
    Some(string(&block[345..475])).filter(|prefix| !prefix.is_empty())
}

/// Octal digits, or binary when the high bit is set (GNU). `None` when there
/// is no number; an error where npm refuses the header. Fields have at most 12 bytes.
fn number(field: &[u8]) -> Result<Option<i64>, ()> {
    let big_endian = |start: i128, bytes: &[u8]| bytes.iter().fold(start, |value, byte| value << 8 | i128::from(*byte));
    let value = match field {
        [0x80, rest @ ..] => big_endian(0, rest),
        [0xff, ..] => big_endian(-1, field),
        [0x81..=0xfe, ..] => return Err(()),
        _ => return Ok(octal(field)),
    };
    if value.abs() > MAX_SAFE { Err(()) } else { Ok(Some(value as i64)) }
}

/// JavaScript's `parseInt(text, 8)`: the leading digits count.
fn octal(field: &[u8]) -> Option<i64> {
    let start = field.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != 0x0b)?;
    let (sign, digits) = match &field[start..] {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    let digits = digits.iter().take_while(|byte| matches!(byte, b'0'..=b'7'));
    let value = digits.fold(None, |value, digit| Some(value.unwrap_or(0) * 8 + i64::from(digit - b'0')));
    value.map(|value| value * sign)
}

fn string(field: &[u8]) -> String {
    cut_at_nul(&String::from_utf8_lossy(field))
}

/// npm drops what follows a NUL only up to the end of that line: it uses the
/// regular expression `/\0.*/`, whose `.` matches no line terminator.
pub(crate) fn cut_at_nul(text: &str) -> String {
    let Some((before, after)) = text.split_once('\0') else { return text.to_owned() };
    let next_line = after.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(after.len());
    format!("{before}{}", &after[next_line..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b"0000644\0"), Ok(Some(0o644)));
        assert_eq!(number(b"   644 \0"), Ok(Some(0o644)));
        assert_eq!(number(b"12z45678"), Ok(Some(0o12)));
        assert_eq!(number(b"\0\0\0\0"), Ok(None));
        assert_eq!(number(&[0x80, 0, 0, 2, 1]), Ok(Some(513)));
        assert_eq!(number(&[0xff; 12]), Ok(Some(-1)));
        assert_eq!(number(&[0xff, 0, 0, 0, 0, 0, 0, 0]), Err(()));
        assert_eq!(number(b"-5\0"), Ok(Some(-5)));
        assert_eq!(number(&[0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Err(()));
        assert_eq!(number(&[0x81, 1]), Err(()));
    }

    #[test]
    fn a_line_break_behind_a_nul_survives_as_in_npm() {
        assert_eq!(cut_at_nul("a.js\0junk"), "a.js");
        assert_eq!(cut_at_nul("a\0junk\n.js"), "a\n.js");
    }
}
