//! The worker's side: confine the process, then read jobs and write replies.
//!
//! A worker's `main` is short:
//!
//! ```no_run
//! # fn parse(_: vetch_sandbox::Frame) -> Vec<u8> { Vec::new() }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let limits = vetch_sandbox::WorkerLimits::from_argument(&std::env::args().next_back().unwrap_or_default())?;
//! let mut link = vetch_sandbox::Link::start(&limits)?;
//! while let Some(job) = link.recv()? {
//!     link.send(1, &[&parse(job)])?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The first frame goes from worker to parent, has the kind [`READY`] and says which guards are in force.

use crate::confine::{self, Confinement};
use crate::frame::{Frame, FrameError, FrameReader, Progress, READY, header};
use crate::limits::WorkerLimits;
use std::fs::File;
use std::io::{self, BufReader, IoSlice, Write};
use std::os::fd::AsFd;

/// Opens every worker's first frame, so that a program which is not a worker is noticed at once.
const MAGIC: &[u8] = b"vetch-worker/1";

/// Read from the parent at once, in bytes: many small frames.
const INPUT_BYTES: usize = 256 << 10;

/// The pipes to the parent.
#[derive(Debug)]
pub struct Link {
    input: BufReader<File>,
    output: File,
    reader: FrameReader,
    limits: WorkerLimits,
    confinement: Confinement,
}

impl Link {
    /// Confines the process (see [`confine::confine_worker`], whose conditions hold here too), takes over its standard
    /// input and output, and tells the parent that it is ready. What the program prints to standard output from here
    /// on goes to standard error and cannot disturb the frames.
    pub fn start(limits: &WorkerLimits) -> Result<Self, FrameError> {
        let closed = confine::close_inherited();
        let input = BufReader::with_capacity(INPUT_BYTES, File::from(io::stdin().as_fd().try_clone_to_owned()?));
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdout(io::stderr()).map_err(io::Error::from)?;
        let confinement = confine::restrict(limits, closed);
        let reader = FrameReader::new(limits.frame_bytes);
        let mut link = Self { input, output, reader, limits: *limits, confinement };
        // Fails if the parent is gone already: from here on the death signal sees to that.
        link.send(READY, &[MAGIC, &confinement.to_bytes()])?;
        Ok(link)
    }

    /// The guards in force.
    pub fn confinement(&self) -> Confinement {
        self.confinement
    }

    /// Waits for the next frame; `None` when the parent is done.
    pub fn recv(&mut self) -> Result<Option<Frame>, FrameError> {
        loop {
            match self.reader.advance(&mut self.input)? {
                Progress::Frame(frame) => return Ok(Some(frame)),
                Progress::End => return Ok(None),
                // Only a descriptor that someone else made non-blocking brings us here.
                Progress::Blocked => std::thread::yield_now(),
            }
        }
    }

    /// Writes one frame whose payload is `parts`, one after the other.
    pub fn send(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), FrameError> {
        let header = header(kind, parts, self.limits.frame_bytes)?;
        let mut slices = slices(&header, parts);
        let mut rest = slices.as_mut_slice();
        // Passes over empty parts, after which a write of 0 bytes can only mean that the pipe is gone.
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match self.output.write_vectored(rest) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => IoSlice::advance_slices(&mut rest, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// A frame, ready to be written without copying its parts.
pub(crate) fn slices<'a>(header: &'a [u8], parts: &[&'a [u8]]) -> Vec<IoSlice<'a>> {
    std::iter::once(header).chain(parts.iter().copied()).map(IoSlice::new).collect()
}

/// Reads a worker's first frame.
pub(crate) fn greeting(frame: &Frame) -> Option<Confinement> {
    let rest = frame.payload.strip_prefix(MAGIC).filter(|_| frame.kind == READY)?;
    Some(Confinement::from_bytes(rest.try_into().ok()?))
}
