//! A package job: files come one by one, facts go back.

use std::collections::HashMap;
use std::rc::Rc;

use vetch_behaviour::{Analysis, HEAD_BYTES, Wanted, wanted};
use vetch_lockfiles::MemoryFiles;
use vetch_model::Trigger;
use vetch_model::facts::Unread;
use vetch_sandbox::WorkerError;
use vetch_yara::Rules;

use super::python::Release;
use super::tries::Tries;
use super::{Reply, complete, read_manifest, withheld};
use crate::jobs::{PackageJob, WHOLE, Withhold, decode, encode, index_of, reply};

/// A package under analysis.
pub(super) struct PackageRun {
    analysis: Analysis,
    /// Of a Python release.
    python: Option<Release>,
    files: Vec<(String, u64)>,
    unread: Option<Unread>,
    tells_files: bool,
    /// Whether the files that come are those that were asked for afterwards.
    is_late: bool,
    tries: Tries,
    observe: fn(&[u8]),
}

impl PackageRun {
    pub(super) fn new(
        manifest: Option<Vec<u8>>,
        metadata: MemoryFiles,
        payload: &[u8],
        observe: fn(&[u8]),
        yara: Option<Rc<Rules>>,
    ) -> Result<PackageRun, WorkerError> {
        let job: PackageJob = decode(payload)?;
        let python = job.python.map(|form| Release::new(form, &metadata));
        let (manifest, unread) = if python.is_none() { read_manifest(manifest.as_deref()) } else { (None, None) };
        let tries = Tries::new(yara.filter(|_| job.is_tried));
        let analysis = match &python {
            Some(release) => release.analysis(&job.files),
            None => Analysis::new(manifest, &job.files, job.runs_prepare),
        };
        let (files, tells_files) = (job.files, job.tells_files);
        Ok(PackageRun { analysis, python, files, unread, tells_files, is_late: false, tries, observe })
    }

    pub(super) fn file(&mut self, payload: &[u8], reply: &mut Reply<'_>) -> Result<(), WorkerError> {
        let known = index_of(payload).and_then(|(index, bytes)| Some((index, self.files.get(index as usize)?, bytes)));
        let Some((index, (path, size), bytes)) = known else { return Err(WorkerError::protocol("no such file")) };
        if self.tells_files {
            reply(reply::STARTED, &[&index.to_le_bytes()])?;
        }
        (self.observe)(bytes);
        self.tries.file(std::iter::once(path.as_str()), bytes, *size);
        let is_head = !self.is_late && wanted(path) == Wanted::Head;
        self.analysis.file(path, if is_head { bytes.get(..HEAD_BYTES).unwrap_or(bytes) } else { bytes });
        Ok(())
    }

    pub(super) fn withhold(&mut self, payload: &[u8]) -> Result<(), WorkerError> {
        let message: Withhold = decode(payload)?;
        let Some((path, _)) = self.files.get(message.file as usize) else {
            return Err(WorkerError::protocol("no such file"));
        };
        if path == "package.json" && self.python.is_none() {
            // It says what runs: what cannot be read may run at install.
            let (trigger, reason, detail) = (Trigger::Install, message.why.reason(), message.detail.clone());
            self.unread = Some(Unread { path: path.clone(), trigger, reason, detail });
        }
        self.analysis.withhold(path, withheld(message.why, message.detail));
        Ok(())
    }

    /// Asks for more (and goes on), or answers.
    pub(super) fn end(mut self: Box<Self>, reply: &mut Reply<'_>) -> Result<Option<Box<Self>>, WorkerError> {
        reply(reply::STARTED, &[&WHOLE.to_le_bytes()])?;
        let needs = self.analysis.needs();
        if needs.is_empty() {
            self.tries.layers(&mut self.analysis);
            let mut facts = complete(self.analysis.finish(), self.unread);
            facts.yara = self.tries.finish(self.files.iter().map(|(path, size)| (path.as_str(), *size)));
            if let Some(python) = self.python {
                python.complete(&mut facts);
            }
            reply(reply::DONE, &[&encode(&facts)?])?;
            return Ok(None);
        }
        let by_path: HashMap<&str, u32> =
            self.files.iter().zip(0..).map(|((path, _), index)| (path.as_str(), index)).collect();
        let needs: Vec<u32> = needs.iter().filter_map(|path| by_path.get(path.as_str()).copied()).collect();
        reply(reply::NEEDS, &[&encode(&needs)?])?;
        self.is_late = true;
        Ok(Some(self))
    }
}
