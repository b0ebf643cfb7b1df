//! `include`: only files that were handed over, of the same folder, and not without end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::Source;

/// Files that may include each other in a row.
const MAX_DEPTH: u32 = 16;

/// Bytes that all includes of all files may come to.
const MAX_BYTES: usize = 64 << 20;

/// Looks up what files include. Clones share their state.
#[derive(Clone)]
pub(crate) struct Includes(Arc<Inner>);

struct Inner {
    files: Arc<Vec<Source>>,
    texts: Vec<Arc<str>>,
    by_path: BTreeMap<(u32, String), usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The file that is being compiled.
    main: usize,
    /// By the words of an include: the file that it last meant, and how deep that is.
    last: HashMap<String, (usize, u32)>,
    included: BTreeSet<usize>,
    bytes: usize,
}

impl Includes {
    pub(crate) fn new(files: Arc<Vec<Source>>, texts: Vec<Arc<str>>) -> Includes {
        let by_path = files.iter().enumerate().map(|(number, file)| ((file.root, file.path.clone()), number)).collect();
        Includes(Arc::new(Inner { files, texts, by_path, state: Mutex::default() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A file of its own comes next.
    pub(crate) fn begin(&self, main: usize) {
        let mut state = self.state();
        state.main = main;
        state.last.clear();
    }

    /// The files that others included.
    pub(crate) fn included(&self) -> BTreeSet<usize> {
        self.state().included.clone()
    }

    /// The file that the compiler calls by the words that included it.
    pub(crate) fn file_of(&self, written: Option<&Path>) -> Option<usize> {
        Some(self.state().last.get(written?.to_str()?)?.0)
    }

    /// Name and text of a file.
    pub(crate) fn source(&self, number: usize) -> (String, &str) {
        let shown = self.0.files.get(number).map(|file| file.shown.clone()).unwrap_or_default();
        (shown, self.0.texts.get(number).map(AsRef::as_ref).unwrap_or_default())
    }

    /// What `written` means in the file that was included as `from`; `None` is the file of its own.
    pub(crate) fn load(&self, written: &str, from: Option<&Path>) -> io::Result<String> {
        let mut state = self.state();
        let here = from.and_then(Path::to_str).and_then(|from| state.last.get(from).copied());
        let (includer, depth) = here.unwrap_or((state.main, 0));
        let includer = self.0.files.get(includer).ok_or_else(|| io::Error::other("there is no such file"))?;
        let path = join(&includer.path, written)
            .ok_or_else(|| io::Error::other("includes may not leave the folder of the rules"))?;
        let found = self.0.by_path.get(&(includer.root, path)).copied();
        let number = found.ok_or_else(|| {
            io::Error::other("no such file was read; it must be a .yar or .yara file of the folder that was given")
        })?;
        let text = self.0.texts.get(number).cloned().unwrap_or_else(|| Arc::from(""));
        state.bytes += text.len();
        if depth >= MAX_DEPTH || state.bytes > MAX_BYTES {
            return Err(io::Error::other("too many files include each other; break the circle"));
        }
        state.last.insert(written.to_owned(), (number, depth + 1));
        state.included.insert(number);
        Ok(text.as_ref().to_owned())
    }
}

/// `written`, seen from the file `from`; `None` if that leads out of the folder.
fn join(from: &str, written: &str) -> Option<String> {
    if written.starts_with(['/', '\\']) || written.contains(':') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in written.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
