//! The bytes of the tar archive: sniffing, gzip members, limits, and the
//! difference between a damaged archive and an input that cannot be read.

use crate::limits::Limits;
use flate2::bufread::GzDecoder;
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

/// Tar's unit.
pub(crate) const BLOCK: usize = 512;

/// Size of the buffers, in bytes.
const BUFFER: usize = 64 << 10;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Why reading stopped before the end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The caller's input failed: says nothing about the archive.
    Input(io::Error),
    /// The visitor gave up.
    Visitor(io::Error),
    /// The archive is damaged.
    Damaged(String),
    /// The archive is over a limit.
    Limit(String),
}

impl Stop {
    /// For the visitor, whose `Read` cannot carry more.
    fn to_io(&self) -> io::Error {
        match self {
            Stop::Input(error) | Stop::Visitor(error) => io::Error::new(error.kind(), error.to_string()),
            Stop::Damaged(why) => io::Error::new(io::ErrorKind::InvalidData, why.clone()),
            Stop::Limit(why) => io::Error::new(io::ErrorKind::FileTooLarge, why.clone()),
        }
    }
}

/// Counts what is taken from the input and remembers why it stopped, because
/// the decompressor's errors do not tell.
struct Tap<R> {
    input: R,
    taken: u64,
    limit: u64,
    stop: Option<Stop>,
}

impl<R: Read> Read for Tap<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = loop {
            match self.input.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(Stop::Input(error))),
                Ok(got) => break got,
            }
        };
        self.taken += got as u64;
        if self.taken > self.limit {
            let why = format!("the archive is larger than {} bytes", self.limit);
            return Err(self.fail(Stop::Limit(why)));
        }
        Ok(got)
    }
}

impl<R> Tap<R> {
    fn fail(&mut self, stop: Stop) -> io::Error {
        let error = stop.to_io();
        self.stop = Some(stop);
        error
    }
}

type Sniffed<R> = BufReader<Chain<Cursor<Vec<u8>>, Tap<R>>>;

enum Stream<R: Read> {
    Plain(Sniffed<R>),
    Member(Box<GzDecoder<Sniffed<R>>>),
    Ended(Sniffed<R>),
    /// Only while a member is exchanged for the next.
    Moving,
}

impl<R: Read> Stream<R> {
    fn tap(&mut self) -> Option<&mut Tap<R>> {
        let sniffed = match self {
            Stream::Plain(sniffed) | Stream::Ended(sniffed) => sniffed,
            Stream::Member(decoder) => decoder.get_mut(),
            Stream::Moving => return None,
        };
        Some(sniffed.get_mut().get_mut().1)
    }
}

/// The decompressed bytes of all members.
struct Members<R: Read> {
    stream: Stream<R>,
    /// Bytes other than zero behind the last member.
    trailing: u64,
}

impl<R: Read> Members<R> {
    /// Concatenated members are one stream (RFC 1952, and npm reads them so).
    /// Anything else behind a member is not read by npm: it is only counted.
    fn next_member(&mut self) -> io::Result<()> {
        let Stream::Member(member) = std::mem::replace(&mut self.stream, Stream::Moving) else { return Ok(()) };
        let mut rest = member.into_inner();
        let next = rest.fill_buf().map(|bytes| bytes.first().copied());
        if matches!(next, Ok(Some(first)) if first == GZIP[0]) {
            self.stream = Stream::Member(Box::new(GzDecoder::new(rest)));
            return Ok(());
        }
        // Put back before anything is returned: the tap must be there to be asked why this failed.
        self.stream = Stream::Ended(rest);
        if next?.is_none() {
            return Ok(());
        }
        let Stream::Ended(rest) = &mut self.stream else { return Ok(()) };
        loop {
            let bytes = rest.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            self.trailing += bytes.iter().filter(|byte| **byte != 0).count() as u64;
            let length = bytes.len();
            rest.consume(length);
        }
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match &mut self.stream {
                Stream::Plain(plain) => return plain.read(buffer),
                Stream::Member(member) => match member.read(buffer)? {
                    0 => self.next_member()?,
                    got => return Ok(got),
                },
                Stream::Ended(_) | Stream::Moving => return Ok(0),
            }
        }
    }
}

/// The decompressed bytes, within the limits.
pub(crate) struct Source<R: Read> {
    /// Buffered: the decompressor is slow at handing out single blocks.
    members: BufReader<Members<R>>,
    /// Decompressed bytes so far.
    read: u64,
    total_bytes: u64,
    gzip: bool,
    ratio: u64,
    ratio_floor: u64,
    failed: Option<Stop>,
}

/// What was there where a block was wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Block,
    /// This many bytes, then the end.
    Part(usize),
    End,
}

impl<R: Read> Source<R> {
    /// Looks at the first bytes and starts the decompressor they ask for.
    pub(crate) fn open(input: R, limits: &Limits) -> Result<Self, Stop> {
        let mut tap = Tap { input, taken: 0, limit: limits.compressed_bytes, stop: None };
        let mut head = Vec::with_capacity(ZSTD.len());
        if let Err(error) = tap.by_ref().take(ZSTD.len() as u64).read_to_end(&mut head) {
            return Err(tap.stop.unwrap_or(Stop::Input(error)));
        }
        if head == ZSTD {
            return Err(Stop::Damaged("compressed with zstd, which this version does not read".to_owned()));
        }
        let gzip = head.starts_with(&GZIP);
        let sniffed = BufReader::with_capacity(BUFFER, Cursor::new(head).chain(tap));
        let stream = match gzip {
            true => Stream::Member(Box::new(GzDecoder::new(sniffed))),
            false => Stream::Plain(sniffed),
        };
        Ok(Source {
            members: BufReader::with_capacity(BUFFER, Members { stream, trailing: 0 }),
            read: 0,
            total_bytes: limits.total_bytes,
            gzip,
            ratio: if gzip { limits.ratio } else { u64::MAX },
            ratio_floor: limits.ratio_floor,
            failed: None,
        })
    }

    /// Why reading failed, if it did: also when a visitor swallowed the error.
    pub(crate) fn take_failure(&mut self) -> Option<Stop> {
        self.failed.take()
    }

    /// Whether the input is compressed, by its first bytes.
    pub(crate) fn is_gzip(&self) -> bool {
        self.gzip
    }

    /// Decompressed bytes so far.
    pub(crate) fn decompressed(&self) -> u64 {
        self.read
    }

    /// Fails this and every later read.
    fn fail(&mut self, stop: Stop) -> io::Error {
        let error = stop.to_io();
        self.failed = Some(stop);
        error
    }

    /// Bytes other than zero behind the last gzip member, as far as read.
    pub(crate) fn trailing(&self) -> u64 {
        self.members.get_ref().trailing
    }

    fn tap(&mut self) -> Option<&mut Tap<R>> {
        self.members.get_mut().stream.tap()
    }

    fn read_limited(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(stop) = &self.failed {
            return Err(stop.to_io());
        }
        let allowed = self.total_bytes - self.read;
        // One byte more than allowed tells an archive at the limit from one over it.
        let length = usize::try_from(allowed.saturating_add(1)).map_or(buffer.len(), |most| most.min(buffer.len()));
        let got = match self.members.read(&mut buffer[..length]) {
            Ok(got) => got as u64,
            Err(error) => {
                let known = self.tap().and_then(|tap| tap.stop.take());
                let stop = known.unwrap_or_else(|| Stop::Damaged(format!("cannot be decompressed: {error}")));
                return Err(self.fail(stop));
            }
        };
        if got > allowed {
            let why = format!("more than {} bytes when decompressed", self.total_bytes);
            return Err(self.fail(Stop::Limit(why)));
        }
        self.read += got;
        self.check_ratio()?;
        Ok(got as usize)
    }

    fn check_ratio(&mut self) -> io::Result<()> {
        if self.read <= self.ratio_floor {
            return Ok(());
        }
        let taken = self.tap().map_or(1, |tap| tap.taken.max(1));
        if self.read / taken > self.ratio {
            let why = format!("decompresses to more than {} times its size", self.ratio);
            return Err(self.fail(Stop::Limit(why)));
        }
        Ok(())
    }

    /// Fills the block as far as there is something.
    pub(crate) fn block(&mut self, block: &mut [u8; BLOCK]) -> Result<Got, Stop> {
        let mut filled = 0;
        while filled < BLOCK {
            match self.read_limited(&mut block[filled..]) {
                Ok(0) if filled == 0 => return Ok(Got::End),
                Ok(0) => return Ok(Got::Part(filled)),
                Ok(got) => filled += got,
                Err(error) => return Err(self.take_failure().unwrap_or(Stop::Input(error))),
            }
        }
        Ok(Got::Block)
    }

    /// Reads to the end, and says how many bytes were not zero.
    pub(crate) fn drain(&mut self) -> Result<u64, Stop> {
        let mut buffer = [0; 16 << 10];
        let mut other_than_zero = 0;
        loop {
            match self.read_limited(&mut buffer) {
                Ok(0) => return Ok(other_than_zero),
                Ok(got) => other_than_zero += buffer[..got].iter().filter(|byte| **byte != 0).count() as u64,
                Err(error) => return Err(self.take_failure().unwrap_or(Stop::Input(error))),
            }
        }
    }
}

/// The contents of one entry. Ends in an error, never early, when the archive
/// is damaged or over a limit.
pub(crate) struct Body<'a, R: Read> {
    source: &'a mut Source<R>,
    left: u64,
    padding: u64,
    hasher: Option<blake3::Hasher>,
}

impl<'a, R: Read> Body<'a, R> {
    pub(crate) fn new(source: &'a mut Source<R>, size: u64) -> Self {
        Body { source, left: size, padding: size.next_multiple_of(BLOCK as u64) - size, hasher: None }
    }

    /// Hashes the contents on the way.
    pub(crate) fn hashed(source: &'a mut Source<R>, size: u64) -> Self {
        Body { hasher: Some(blake3::Hasher::new()), ..Body::new(source, size) }
    }

    /// Passes over what was not read, and the padding. The BLAKE3 of the
    /// contents, or of nothing unless hashed.
    pub(crate) fn finish(mut self) -> Result<[u8; 32], Stop> {
        self.skip()?;
        let hash = self.hasher.take().unwrap_or_default().finalize();
        self.left = self.padding;
        self.skip()?;
        Ok(*hash.as_bytes())
    }

    /// Why reading failed, if it did.
    pub(crate) fn take_failure(&mut self) -> Option<Stop> {
        self.source.take_failure()
    }

    fn skip(&mut self) -> Result<(), Stop> {
        let skipped = io::copy(self, &mut io::sink());
        match (self.source.take_failure(), skipped) {
            (Some(stop), _) => Err(stop),
            (None, Err(error)) => Err(Stop::Input(error)),
            (None, Ok(_)) => Ok(()),
        }
    }
}

impl<R: Read> Read for Body<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if length == 0 {
            return Ok(0);
        }
        let got = self.source.read_limited(&mut buffer[..length])?;
        if got == 0 {
            let why = format!("ends {} bytes before the end of an entry", self.left);
            return Err(self.source.fail(Stop::Damaged(why)));
        }
        self.left -= got as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..got]);
        }
        Ok(got)
    }
}
