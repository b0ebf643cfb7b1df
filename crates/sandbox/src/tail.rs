//! The last bytes of a stream.

use std::io::{ErrorKind, Read};

/// How much of a worker's standard error is kept: enough for a panic message, no more than a screenful.
const KEPT_BYTES: usize = 8 << 10;

/// The most that one call reads, so that a worker that floods its standard error cannot hold up its parent.
const READ_BYTES: usize = 64 << 10;

/// Keeps the last [`KEPT_BYTES`] bytes of what it is given.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    /// Takes what can be read without waiting. Gives `false` at the end of the stream or when it broke.
    pub(crate) fn fill(&mut self, source: &mut impl Read) -> bool {
        let mut chunk = [0; 4 << 10];
        let mut total = 0;
        while total < READ_BYTES {
            match source.read(&mut chunk) {
                Ok(0) => return false,
                Ok(count) => {
                    self.push(chunk.get(..count).unwrap_or_default());
                    total += count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        let surplus = self.bytes.len().saturating_sub(KEPT_BYTES);
        self.bytes.drain(..surplus);
    }

    /// What was kept, as text. It comes from a process that hostile input may have taken over: escape it before it is
    /// shown.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept() {
        let mut input = vec![b'a'; 3 * KEPT_BYTES];
        input.extend_from_slice(b"the end");
        let mut tail = Tail::default();
        assert!(!tail.fill(&mut input.as_slice()));
        assert_eq!(tail.bytes.len(), KEPT_BYTES);
        assert!(tail.text().ends_with("athe end"));
    }

    #[test]
    fn one_call_does_not_read_for_ever() {
        let mut tail = Tail::default();
        assert!(tail.fill(&mut std::io::repeat(b'x')));
        assert_eq!(tail.bytes.len(), KEPT_BYTES);
    }
}
