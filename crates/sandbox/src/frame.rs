//! The wire between parent and worker: frames of one kind byte, a length and opaque bytes.
//!
//! `length: u32, little-endian` · `kind: u8` · `payload: length bytes`. Neither side believes
//! a length over the limit that both were started with.

use std::io::{self, ErrorKind, Read};

/// Bytes before the payload.
pub(crate) const HEADER_BYTES: usize = 5;

/// The kind of a worker's first frame (see [`crate::link`]); the caller's protocol uses the others.
pub const READY: u8 = 0;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the message is, in the caller's protocol. [`READY`] is taken.
    pub kind: u8,
    /// The message.
    pub payload: Vec<u8>,
}

/// A frame that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The payload is over the limit.
    #[error("a frame of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Length of the payload.
        bytes: u64,
        /// [`crate::WorkerLimits::frame_bytes`].
        limit: u32,
    },
    /// The stream ended within a frame.
    #[error("the stream ended in the middle of a frame")]
    Truncated,
    /// The stream failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The header for a payload made of `parts`.
pub(crate) fn header(kind: u8, parts: &[&[u8]], limit: u32) -> Result<[u8; HEADER_BYTES], FrameError> {
    let bytes = parts.iter().map(|part| part.len() as u64).sum::<u64>();
    match u32::try_from(bytes) {
        Ok(length) if length <= limit => {
            let [a, b, c, d] = length.to_le_bytes();
            Ok([a, b, c, d, kind])
        }
        _ => Err(FrameError::TooLarge { bytes, limit }),
    }
}

/// How far a [`FrameReader`] came.
#[derive(Debug)]
pub(crate) enum Progress {
    /// A whole frame.
    Frame(Frame),
    /// The source has nothing more just now.
    Blocked,
    /// The source ended between two frames.
    End,
}

/// Puts frames together from a source that may give them in pieces.
#[derive(Debug)]
pub(crate) struct FrameReader {
    limit: u32,
    header: [u8; HEADER_BYTES],
    header_filled: usize,
    payload: Vec<u8>,
}

impl FrameReader {
    /// A reader that refuses payloads of more than `limit` bytes.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, header: [0; HEADER_BYTES], header_filled: 0, payload: Vec::new() }
    }

    /// Reads until a frame is whole or the source has no more. Never reads beyond the frame.
    pub(crate) fn advance(&mut self, source: &mut impl Read) -> Result<Progress, FrameError> {
        loop {
            let step = match self.header.get_mut(self.header_filled..).filter(|rest| !rest.is_empty()) {
                Some(rest) => source.read(rest),
                None => {
                    let missing = self.length() - self.payload.len() as u64;
                    if missing == 0 {
                        return Ok(Progress::Frame(self.take()));
                    }
                    source.by_ref().take(missing).read_to_end(&mut self.payload)
                }
            };
            match step {
                Ok(0) if self.header_filled == 0 => return Ok(Progress::End),
                Ok(0) => return Err(FrameError::Truncated),
                Ok(count) if self.header_filled < HEADER_BYTES => self.header_grew(count)?,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Blocked),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn header_grew(&mut self, count: usize) -> Result<(), FrameError> {
        self.header_filled += count;
        if self.header_filled < HEADER_BYTES {
            return Ok(());
        }
        let bytes = self.length();
        if bytes > u64::from(self.limit) {
            return Err(FrameError::TooLarge { bytes, limit: self.limit });
        }
        // Exact, so that a large payload is neither copied nor kept twice while it grows. The system only backs what
        // is written, so a length that lies costs nothing but addresses.
        let room = self.payload.try_reserve_exact(usize::try_from(bytes).unwrap_or(usize::MAX));
        room.map_err(|_| FrameError::Io(ErrorKind::OutOfMemory.into()))
    }

    fn length(&self) -> u64 {
        let [a, b, c, d, _] = self.header;
        u64::from(u32::from_le_bytes([a, b, c, d]))
    }

    fn take(&mut self) -> Frame {
        self.header_filled = 0;
        let [.., kind] = self.header;
        Frame { kind, payload: std::mem::take(&mut self.payload) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives its bytes in pieces, with a "not now" between two.
    struct Trickle<'a> {
        bytes: &'a [u8],
        piece: usize,
        ready: bool,
    }

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.ready = !self.ready;
            if !self.ready {
                return Err(ErrorKind::WouldBlock.into());
            }
            let piece = self.piece.min(buffer.len());
            self.bytes.read(&mut buffer[..piece])
        }
    }

    fn wire(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
        let mut wire = Vec::new();
        for (kind, payload) in frames {
            wire.extend_from_slice(&header(*kind, &[payload], u32::MAX).unwrap());
            wire.extend_from_slice(payload);
        }
        wire
    }

    fn read_all(wire: &[u8], piece: usize, limit: u32) -> Result<Vec<(u8, Vec<u8>)>, FrameError> {
        let mut source = Trickle { bytes: wire, piece, ready: false };
        let mut reader = FrameReader::new(limit);
        let mut frames = Vec::new();
        loop {
            match reader.advance(&mut source)? {
                Progress::Frame(frame) => frames.push((frame.kind, frame.payload)),
                Progress::Blocked => {}
                Progress::End => return Ok(frames),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn frames_survive_the_trip_in_any_pieces(
            frames in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..300)), 0..6),
            piece in 1_usize..400,
        ) {
            prop_assert_eq!(read_all(&wire(&frames), piece, 300).unwrap(), frames);
        }

        #[test]
        fn arbitrary_bytes_never_exceed_the_limit(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for (_, payload) in read_all(&bytes, 7, 100).unwrap_or_default() {
                prop_assert!(payload.len() <= 100);
            }
        }
    }

    #[test]
    fn a_cut_frame_is_an_error_wherever_it_is_cut() {
        let whole = wire(&[(1, b"payload".to_vec())]);
        for length in 1..whole.len() {
            let cut = read_all(&whole[..length], 3, 100);
            assert!(matches!(cut, Err(FrameError::Truncated)), "cut at {length}: {cut:?}");
        }
    }

    #[test]
    fn a_large_length_is_refused_before_any_payload() {
        let refused = read_all(&[0xff, 0xff, 0xff, 0xff, 1], 5, 100);
        assert!(matches!(refused, Err(FrameError::TooLarge { bytes: 0xffff_ffff, limit: 100 })), "{refused:?}");
        assert!(header(1, &[&[0; 60], &[0; 41]], 100).is_err());
        assert!(header(1, &[&[0; 60], &[0; 40]], 100).is_ok());
    }
}
