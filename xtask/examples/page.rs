//! How long a page takes in Chromium: `page FILE RUNS` prints the milliseconds as JSON.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]

use std::path::PathBuf;

use vetch_testkit::Browser;

/// Chooses fifty packages one after the other and draws each: what a reader waits for, per choice.
const CHOOSE: &str = "(() => { const nodes = explorer.model.nodes; const start = performance.now(); \
    for (let at = 0; at < 50; at += 1) { explorer.select(nodes[(at * 61) % nodes.length].index); explorer.picture.draw(); } \
    return (performance.now() - start) / 50; })()";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), runs) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("usage: page FILE [RUNS]");
        std::process::exit(2);
    };
    let runs: usize = runs.and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let Some(mut browser) = Browser::start() else { std::process::exit(2) };
    let mut usable: Vec<u64> = (0..runs).map(|_| browser.open(&file, true)).collect();
    usable.sort_unstable();
    let choose = browser.evaluate(CHOOSE).as_f64().unwrap_or_default();
    let median = usable.get(runs / 2).copied().unwrap_or_default();
    let slowest = usable.last().copied().unwrap_or_default();
    println!("{{\"usable_ms\":{median},\"slowest_ms\":{slowest},\"choose_ms\":{choose:.2}}}");
}
