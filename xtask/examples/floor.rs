//! What the parser alone costs, on all cores: oxc's parser and semantic builder over every `.js`, `.cjs` and `.mjs` file
//! below a folder, or (`--python`) ruff's parser over every `.py` file. Prints one JSON object; `cargo xtask bench` reads it.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use ruff_python_ast::PySourceType;
use ruff_python_parser::parse_unchecked_source;

/// The parser recurses as deep as its input nests. Only what is touched takes memory.
const STACK_BYTES: usize = 256 << 20;

/// Sizes and paths.
type Files = Vec<(u64, PathBuf)>;

/// Takes file after file; returns the bytes parsed.
type Work = fn(&Files, &AtomicUsize) -> usize;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1).peekable();
    let is_python = arguments.next_if(|first| first == "--python").is_some();
    let Some(folder) = arguments.next() else {
        return Err(std::io::Error::other("usage: floor [--python] FOLDER"));
    };
    let (endings, work): (&[&str], Work) =
        if is_python { (&["py"], python) } else { (&["js", "cjs", "mjs"], javascript) };
    let mut files = Vec::new();
    collect(Path::new(&folder), endings, &mut files)?;
    // The largest first: no core is left alone with one at the end.
    files.sort_unstable_by(|a, b| b.cmp(a));

    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism()?.get();
    let start = Instant::now();
    let bytes = std::thread::scope(|scope| {
        let worker = || std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || work(&files, &next));
        let workers = (0..cores).map(|_| worker()).collect::<std::io::Result<Vec<_>>>()?;
        let bytes = workers.into_iter().map(|worker| worker.join().map_err(|_| std::io::Error::other("panicked")));
        bytes.sum::<std::io::Result<usize>>()
    })?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{}", serde_json::json!({ "files": files.len(), "bytes": bytes, "seconds": seconds }));
    Ok(())
}

fn python(files: &Files, next: &AtomicUsize) -> usize {
    let mut bytes = 0;
    while let Some((_, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let Some(source) = std::fs::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
        std::hint::black_box(parse_unchecked_source(&source, PySourceType::Python));
        bytes += source.len();
    }
    bytes
}

fn javascript(files: &Files, next: &AtomicUsize) -> usize {
    let mut allocator = Allocator::new();
    let mut bytes = 0;
    while let Some((_, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
        let Some(source) = std::fs::read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok()) else { continue };
        let kind = SourceType::from_path(path).unwrap_or_default();
        let parsed = Parser::new(&allocator, &source, kind).parse();
        let program = allocator.alloc(parsed.program);
        std::hint::black_box(SemanticBuilder::new().build(program));
        bytes += source.len();
        allocator.reset();
    }
    bytes
}

/// Size and path of every file to parse.
fn collect(folder: &Path, endings: &[&str], files: &mut Files) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() {
            collect(&path, endings, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|own| endings.iter().any(|ending| own == *ending)) {
            files.push((entry.metadata()?.len(), path));
        }
    }
    Ok(())
}
