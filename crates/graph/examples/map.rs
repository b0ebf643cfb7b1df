//! How long it takes from the bytes of a lockfile to its graph, and how long the cheapest parse of the same bytes:
//! `map RUNS FORMAT FILE …`. Prints one JSON object a file; `cargo xtask bench map` reads them.

#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::hint::black_box;
use std::io::{Error, Result};
use std::path::Path;
use std::time::Instant;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use saphyr_parser::{Event, Parser, StrInput};
use serde::de::IgnoredAny;
use vetch_graph::Graph;
use vetch_lockfiles::{DirFiles, Format, read};

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let runs: usize = arguments.next().and_then(|runs| runs.parse().ok()).unwrap_or(5);
    while let (Some(format), Some(path)) = (arguments.next(), arguments.next()) {
        let format = format.parse::<Format>().map_err(|_| Error::other(format!("{format} is no format")))?;
        println!("{}", measure(format, Path::new(&path), runs.max(1))?);
    }
    Ok(())
}

fn measure(format: Format, path: &Path, runs: usize) -> Result<serde_json::Value> {
    let folder = Dir::open_ambient_dir(path.parent().unwrap_or(path), ambient_authority())?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (mut reading, mut graph, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    let (mut packages, mut edges, mut incomplete) = (0, 0, 0);
    for _ in 0..runs {
        let start = Instant::now();
        let outcome = read(&DirFiles(&folder), &name, format).map_err(|error| Error::other(error.to_string()))?;
        reading.push(start.elapsed());
        black_box(Graph::new(&outcome.value.inventory));
        graph.push(start.elapsed());
        packages = outcome.value.inventory.packages.len();
        edges = outcome.value.inventory.edges.len();
        incomplete = outcome.incomplete.len();
        drop(outcome);
        let start = Instant::now();
        cheapest(format, &std::fs::read(path)?);
        floor.push(start.elapsed());
    }
    // The fastest run: whatever else runs on the machine only adds to it.
    let best = |times: Vec<std::time::Duration>| times.into_iter().min().map_or(0.0, |time| time.as_secs_f64() * 1e3);
    Ok(serde_json::json!({
        "format": format.as_str(), "bytes": std::fs::metadata(path)?.len(), "packages": packages, "edges": edges,
        "incomplete": incomplete, "reading_ms": best(reading), "graph_ms": best(graph), "floor_ms": best(floor),
    }))
}

/// What nobody who reads the format can do without: a parse that keeps nothing.
fn cheapest(format: Format, bytes: &[u8]) {
    let text = || str::from_utf8(bytes).unwrap_or_default();
    match format {
        Format::Uv | Format::Poetry | Format::Pdm | Format::Pylock | Format::Pyproject => {
            black_box(toml::from_str::<IgnoredAny>(text()).is_ok());
        }
        Format::Pnpm | Format::YarnBerry => {
            let events = Parser::new(StrInput::new(text())).filter(|event| matches!(event, Ok((Event::Scalar(..), _))));
            black_box(events.count());
        }
        Format::CycloneDxXml => {
            let mut reader = quick_xml::Reader::from_reader(bytes);
            let mut count = 0;
            while let Ok(event) = reader.read_event() {
                if matches!(event, quick_xml::events::Event::Eof) {
                    break;
                }
                count += 1;
            }
            black_box(count);
        }
        // JSON with commas at the end is none for serde.
        Format::Bun | Format::YarnClassic | Format::Requirements | Format::SetupCfg | Format::SpdxTagValue => {
            black_box(text().lines().filter(|line| line.trim_start().starts_with('"')).count());
        }
        _ => {
            black_box(serde_json::from_slice::<IgnoredAny>(bytes).is_ok());
        }
    }
}
