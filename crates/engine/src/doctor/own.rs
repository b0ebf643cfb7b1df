//! Vetch itself: how old its intelligence is, whether its cache can be kept, how far it can confine its workers here.

use std::fs;
use std::path::Path;

use vetch_intel::IntelStore;
use vetch_model::Location;
use vetch_model::history::DAY;
use vetch_model::hygiene::{Area, Lint, LintId, Repair};

use super::DoctorOptions;

/// After how many days intelligence is called old.
const OLD_DAYS: i64 = 7;

pub(super) fn look(options: &DoctorOptions) -> Area {
    let mut area = Area { id: "vetch", lints: Vec::new(), looked_at: Vec::new(), unavailable: Vec::new() };
    intelligence(options, &mut area);
    cache(options, &mut area);
    confinement(&mut area);
    area
}

fn intelligence(options: &DoctorOptions, area: &mut Area) {
    let Some(folder) = &options.state else {
        return area.unavailable.push("threat intelligence: there is no home folder to keep it in".to_owned());
    };
    let location = Location::file(folder.to_string_lossy());
    let mut push = |what: String, repair: &str| {
        area.lints.push(Lint {
            location: location.clone(),
            id: LintId::OldIntelligence,
            what,
            repair: Repair::Command(repair.to_owned()),
        });
    };
    match IntelStore::open(folder).and_then(|store| store.as_ref().map(IntelStore::age).transpose()) {
        Ok(None) => push("no threat intelligence was imported".to_owned(), "`vetch intel update`"),
        Ok(Some(state)) => {
            let days = (options.now - state.imported.0) / DAY;
            if days > OLD_DAYS {
                push(format!("threat intelligence was imported {days} days ago"), "`vetch intel update`");
            }
            area.looked_at.push(format!("threat intelligence: {} records, imported {days} days ago", state.records));
        }
        Err(error) => push(format!("threat intelligence cannot be read: {error}"), error.hint()),
    }
}

fn cache(options: &DoctorOptions, area: &mut Area) {
    let Some(folder) = &options.cache else {
        return area.unavailable.push("the cache: there is no home folder to keep it in".to_owned());
    };
    // It is made by the first scan: what counts is whether it can be.
    let there = folder.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let is_usable = fs::metadata(there).is_ok_and(|metadata| metadata.is_dir() && !metadata.permissions().readonly());
    if is_usable {
        return area.looked_at.push(format!("the cache in `{}`", folder.display()));
    }
    let what = format!("the cache cannot be kept: `{}` is no folder that can be written to", there.display());
    let repair = Repair::Command("name another with `--cache-dir DIR` or XDG_CACHE_HOME".to_owned());
    area.lints.push(Lint {
        location: Location::file(folder.to_string_lossy()),
        id: LintId::UnusableState,
        what,
        repair,
    });
}

#[cfg(target_os = "linux")]
fn confinement(area: &mut Area) {
    let modules = fs::read_to_string("/sys/kernel/security/lsm").unwrap_or_default();
    let has_landlock = modules.split([',', '\n']).any(|module| module == "landlock");
    let has_seccomp = Path::new("/proc/sys/kernel/seccomp/actions_avail").exists();
    if !modules.is_empty() && !has_landlock {
        let what = "the kernel has no Landlock: a wall around workers is missing".to_owned();
        let repair =
            Repair::Command("boot a kernel of 5.13 or later with `lsm=landlock,…` on its command line".to_owned());
        area.lints.push(Lint {
            location: Location::file("/sys/kernel/security/lsm"),
            id: LintId::WeakConfinement,
            what,
            repair,
        });
    }
    if !has_seccomp {
        let what = "the kernel has no system call filter (seccomp): a wall around workers is missing".to_owned();
        let repair = Repair::Command("boot a kernel with CONFIG_SECCOMP_FILTER".to_owned());
        area.lints.push(Lint {
            location: Location::file("/proc/sys/kernel/seccomp"),
            id: LintId::WeakConfinement,
            what,
            repair,
        });
    }
    match modules.is_empty() {
        true => area
            .unavailable
            .push("whether the kernel has Landlock: `/sys/kernel/security/lsm` cannot be read here".to_owned()),
        false if has_landlock && has_seccomp => {
            area.looked_at.push("workers are confined by Landlock and seccomp".to_owned())
        }
        false => {}
    }
}

#[cfg(not(target_os = "linux"))]
fn confinement(area: &mut Area) {
    let what =
        "workers have no wall but being processes without environment: Landlock and seccomp are of Linux".to_owned();
    let repair = Repair::Command("scan what is hostile in a Linux container or machine".to_owned());
    area.lints.push(Lint { location: Location::file("."), id: LintId::WeakConfinement, what, repair });
}
