//! Which names an archive has used: duplicates, files in place of folders, and
//! names that are one on file systems without case.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use unicode_normalization::UnicodeNormalization;

/// The tree as far as written. npm makes folders only for the files in them:
/// an entry for a folder has no effect.
#[derive(Debug, Default)]
pub(crate) struct Names {
    nodes: HashMap<String, Node>,
    /// Folded name to the first file that had it.
    folded: HashMap<String, String>,
    /// Bytes of all keys.
    bytes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    File,
    Folder,
}

impl Names {
    /// Bytes of all names held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Counts a name that is held elsewhere.
    pub(crate) fn charge(&mut self, name: &str) {
        self.bytes += name.len();
    }

    /// Writes a file, over an earlier one if need be; whether the path is new.
    ///
    /// # Errors
    /// The file or folder that is in the way.
    pub(crate) fn add_file(&mut self, path: &str) -> Result<bool, String> {
        if let Some(file) = self.make_parents(path) {
            return Err(file);
        }
        match self.nodes.get(path) {
            Some(Node::Folder) => Err(path.to_owned()),
            Some(Node::File) => Ok(false),
            None => {
                self.insert(path, Node::File);
                Ok(true)
            }
        }
    }

    /// An earlier file that is the same where case, Unicode form or the kind of
    /// slash does not count.
    pub(crate) fn collision(&mut self, path: &str) -> Option<&str> {
        let folded = fold(path);
        let added = folded.len() + path.len();
        match self.folded.entry(folded) {
            Entry::Occupied(first) => Some(first.into_mut().as_str()).filter(|first| *first != path),
            Entry::Vacant(free) => {
                free.insert(path.to_owned());
                self.bytes += added;
                None
            }
        }
    }

    /// Makes the folders above, unless a file is in the way: then that is returned and nothing made.
    fn make_parents(&mut self, path: &str) -> Option<String> {
        let mut missing = Vec::new();
        let mut child = path;
        while let Some((parent, _)) = child.rsplit_once('/') {
            match self.nodes.get(parent) {
                Some(Node::File) => return Some(parent.to_owned()),
                Some(Node::Folder) => break,
                None => missing.push(parent),
            }
            child = parent;
        }
        for folder in missing {
            self.insert(folder, Node::Folder);
        }
        None
    }

    fn insert(&mut self, path: &str, node: Node) {
        self.bytes += path.len();
        self.nodes.insert(path.to_owned(), node);
    }
}

fn fold(path: &str) -> String {
    if path.is_ascii() {
        return path.to_ascii_lowercase().replace('\\', "/");
    }
    // Upper case last, as npm does it: `ß` and `ss`, final and other sigma become one.
    path.nfd().collect::<String>().to_lowercase().to_uppercase().to_lowercase().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_in_the_way() {
        let mut names = Names::default();
        assert_eq!(names.add_file("lib/a"), Ok(true));
        assert_eq!(names.add_file("lib/a"), Ok(false));
        assert_eq!(names.add_file("lib/a/b/c"), Err("lib/a".to_owned()));
        assert_eq!(names.add_file("lib/a/b/c"), Err("lib/a".to_owned()), "nothing was made");
        assert_eq!(names.add_file("lib"), Err("lib".to_owned()));
        assert_eq!(names.add_file("lib/b"), Ok(true));
    }

    #[test]
    fn collisions() {
        let mut names = Names::default();
        assert_eq!(names.collision("lib/Caf\u{e9}"), None);
        assert_eq!(names.collision("lib/Caf\u{e9}"), None, "the same name is a duplicate, not a collision");
        assert_eq!(names.collision("LIB/cafe\u{301}"), Some("lib/Caf\u{e9}"));
        assert_eq!(names.collision("lib\\caf\u{e9}"), Some("lib/Caf\u{e9}"));
        assert_eq!(names.collision("lib/caf"), None);
    }
}
