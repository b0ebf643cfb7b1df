//! Byte offsets to lines and columns.

use vetch_model::evidence::{Location, Span};

/// Where each line of a text starts.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    /// Indexes `bytes`, which the caller has limited to less than 4 GiB.
    pub(crate) fn of(bytes: &[u8]) -> Lines {
        let after = memchr::memchr_iter(b'\n', bytes).map(|index| index as u32 + 1);
        Lines { starts: std::iter::once(0).chain(after).collect() }
    }

    /// 1-based line and column (in bytes) of an offset.
    pub(crate) fn position(&self, offset: u32) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        (line as u32, offset - start + 1)
    }

    /// The place of a span in `file`.
    pub(crate) fn location(&self, file: &str, span: Span) -> Location {
        let (line, column) = self.position(span.start);
        Location { file: file.to_owned(), line, column, span }
    }

    /// 1-based line of an offset.
    pub(crate) fn line(&self, offset: u32) -> u32 {
        self.position(offset).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_lines_and_columns() {
        let lines = Lines::of(b"ab\r\nc\n");
        assert_eq!(lines.position(0), (1, 1));
        assert_eq!(lines.position(1), (1, 2));
        assert_eq!(lines.position(4), (2, 1));
        assert_eq!(lines.position(6), (3, 1));
        assert_eq!(Lines::of(b"").position(0), (1, 1));
    }
}
