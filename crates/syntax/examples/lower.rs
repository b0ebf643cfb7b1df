//! Lowers every JavaScript and TypeScript file under the given folders and prints the
//! speed of each stage and the failures: `cargo run --release --example lower -- <folder>…`
#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use oxc_allocator::Allocator;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;
use vetch_syntax::js::Lowerer;
use vetch_syntax::limits::{self, Limits};

const EXTENSIONS: &[&str] = &["js", "cjs", "mjs", "jsx", "ts", "mts", "cts", "tsx"];

fn main() -> std::io::Result<()> {
    let worker = std::thread::Builder::new().stack_size(limits::STACK_BYTES).spawn(run)?;
    if worker.join().is_err() {
        println!("panicked");
    }
    Ok(())
}

fn run() {
    let mut files = Vec::new();
    for folder in std::env::args().skip(1) {
        collect(Path::new(&folder), &mut files);
    }
    let sources: Vec<(String, String)> = files
        .iter()
        .filter_map(|path| Some((path.display().to_string(), String::from_utf8(std::fs::read(path).ok()?).ok()?)))
        .collect();
    let bytes: usize = sources.iter().map(|(_, source)| source.len()).sum();
    println!("{} files, {:.1} MB", sources.len(), bytes as f64 / 1e6);
    let (check, parse, whole, failures, nodes) = measure(&sources);
    let speed = |time: Duration| bytes as f64 / 1e6 / time.as_secs_f64();
    println!("check           {:>8.0} MB/s", speed(check));
    println!("parse+semantic  {:>8.0} MB/s", speed(parse));
    println!(
        "all             {:>8.0} MB/s   {:.2} x parse+semantic",
        speed(whole),
        whole.as_secs_f64() / parse.as_secs_f64()
    );
    println!("{nodes} nodes, {failures} failures");
}

fn measure(sources: &[(String, String)]) -> (Duration, Duration, Duration, usize, usize) {
    let (mut check, mut parse, mut whole) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut failures, mut nodes) = (0, 0);
    let limits = Limits::default();
    let mut allocator = Allocator::new();
    let mut lowerer = Lowerer::new();
    for (path, source) in sources {
        let start = Instant::now();
        let _ = std::hint::black_box(limits::check(source, true, &limits));
        check += start.elapsed();

        if limits::check(source, true, &limits).is_ok() {
            let start = Instant::now();
            parse_only(&allocator, source, path);
            allocator.reset();
            parse += start.elapsed();
        }
        let start = Instant::now();
        let result = lowerer.js(source, path, &limits);
        match result {
            Ok(module) => nodes += module.nodes.len(),
            Err(failure) => {
                failures += 1;
                println!("{path}: {failure}");
            }
        }
        whole += start.elapsed();
    }
    (check, parse, whole, failures, nodes)
}

fn parse_only(allocator: &Allocator, source: &str, path: &str) {
    let dialect = if path.ends_with("ts") { SourceType::ts() } else { SourceType::unambiguous().with_jsx(true) };
    let parsed = Parser::new(allocator, source, dialect).parse();
    let program = allocator.alloc(parsed.program);
    std::hint::black_box(SemanticBuilder::new().build(program));
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let Ok(entries) = std::fs::read_dir(path) else { return };
        let mut entries: Vec<_> =
            entries.flatten().map(|entry| entry.path()).filter(|path| !path.is_symlink()).collect();
        entries.sort();
        entries.iter().for_each(|path| collect(path, files));
    } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| EXTENSIONS.contains(&e)) {
        files.push(path.to_owned());
    }
}
