//! Wall time and peak memory of a program with all its children.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How often memory is looked at.
const INTERVAL: Duration = Duration::from_millis(10);

/// What a run cost.
pub(super) struct Cost {
    pub(super) wall: Duration,
    /// Most memory that all its processes held at one time: the sum of their resident sets, so that what they
    /// share counts once for each. `None` where the system does not tell.
    pub(super) peak_bytes: Option<u64>,
    pub(super) status: ExitStatus,
}

/// Runs it to the end, without output.
pub(super) fn measure(command: &mut Command) -> Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let done = AtomicBool::new(false);
    let root = child.id();
    let (status, wall, peak) = std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            let mut peak = 0;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(tree_bytes(root));
                std::thread::sleep(INTERVAL);
            }
            peak
        });
        let status = child.wait();
        let wall = start.elapsed();
        done.store(true, Ordering::Relaxed);
        (status, wall, sampler.join().unwrap_or_default())
    });
    Ok(Cost { wall, peak_bytes: Some(peak).filter(|bytes| *bytes > 0), status: status.context("cannot wait")? })
}

/// Resident memory of a process and its descendants; 0 where there is no `/proc`.
fn tree_bytes(root: u32) -> u64 {
    family(root).into_iter().map(resident_bytes).sum()
}

/// A process and its descendants.
fn family(root: u32) -> Vec<u32> {
    let mut family = vec![root];
    let mut seen = 0;
    while let Some(process) = family.get(seen).copied() {
        seen += 1;
        // Children belong to the thread that started them.
        let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { continue };
        for thread in threads.flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    family
}

fn resident_bytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or_default() * 1024
}

/// Reads every file below a folder, so that later readers find them in memory; returns their bytes.
pub(super) fn read_all(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let mut file = std::fs::File::open(entry.path())?;
                bytes += std::io::copy(&mut file, &mut std::io::sink())?;
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("a")).unwrap();
        std::fs::write(folder.path().join("a/b"), "12345").unwrap();
        std::fs::write(folder.path().join("c"), "678").unwrap();
        assert_eq!(read_all(folder.path()).unwrap(), 8);
        assert!(read_all(&folder.path().join("none")).is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn children_count() {
        let own = std::process::id();
        assert!(tree_bytes(own) > 100_000, "{}", tree_bytes(own));
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let family = family(own);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(family.contains(&child.id()), "{family:?}");
    }

    #[cfg(unix)]
    #[test]
    fn the_status_is_kept() {
        let cost = measure(Command::new("sh").args(["-c", "exit 3"])).unwrap();
        assert_eq!(cost.status.code(), Some(3));
        assert!(measure(&mut Command::new("no-such-program-at-all")).is_err());
    }
}
