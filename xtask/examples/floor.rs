//! What the parser alone costs: oxc's parser and semantic builder over every `.js`, `.cjs` and `.mjs` file below a
//! folder, on all cores. Prints one JSON object; `cargo xtask bench` reads it.
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// The parser recurses as deep as its input nests. Only what is touched takes memory.
const STACK_BYTES: usize = 256 << 20;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        return Err(std::io::Error::other("usage: floor FOLDER"));
    };
    let mut files = Vec::new();
    collect(Path::new(&folder), &mut files)?;
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

/// Takes file after file; returns the bytes parsed.
fn work(files: &[(u64, PathBuf)], next: &AtomicUsize) -> usize {
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
fn collect(folder: &Path, files: &mut Vec<(u64, PathBuf)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() {
            collect(&path, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|e| e == "js" || e == "cjs" || e == "mjs") {
            files.push((entry.metadata()?.len(), path));
        }
    }
    Ok(())
}
