//! Linux: Landlock, seccomp, death with the parent.

use super::{Confinement, Guard};
use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr, RulesetError,
    RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Signal};

/// The newest interface that the crate knows. Its default is best effort: what the kernel lacks is left out and
/// reported in the status.
const NEWEST: ABI = ABI::V9;

pub(super) fn restrict(confinement: &mut Confinement) {
    // Under memory pressure the kernel then takes a worker, which is replaced, and not the scan or the user's editor.
    let _best_effort = std::fs::write("/proc/self/oom_score_adj", "1000");
    let single_threaded = thread_count() == Some(1);
    // Other processes of the user cannot attach to it either. Only a courtesy: they are not the threat here.
    let _best_effort = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let dies = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok();
    confinement.set(Guard::DiesWithParent, dies);
    confinement.set(Guard::NoNewPrivileges, rustix::thread::set_no_new_privs(true).is_ok());

    confinement.landlock_abi = landlock().map_or(0, abi_in_force);
    // Landlock binds the calling thread and those it starts later, not the ones that run already.
    confinement.set(Guard::Landlock, confinement.landlock_abi > 0 && single_threaded);
    confinement.set(Guard::SystemCalls, filter_system_calls());
}

fn thread_count() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

/// Denies everything that Landlock can deny: every access is handled and no rule allows any.
fn landlock() -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()
}

fn abi_in_force(status: RestrictionStatus) -> u8 {
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, _) => 0,
        (_, LandlockStatus::Available { effective_abi, .. }) => effective_abi as u8,
        _ => 0,
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
fn filter_system_calls() -> bool {
    super::seccomp::filter().is_ok()
}

/// The filter compiler knows no other processors.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
fn filter_system_calls() -> bool {
    false
}

/// Closes every descriptor above the standard three: at once, or before Linux 5.9 one by one.
pub(super) fn close_inherited() -> bool {
    const FIRST: libc::c_uint = 3;
    // SAFETY: the call takes three integers and touches no memory. Callers run it before this process opened anything
    // (see `confine_worker`), so no owner in this program loses a descriptor that it relies on.
    #[allow(unsafe_code)]
    let status = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    status == 0 || close_listed(FIRST.cast_signed())
}

fn close_listed(first: libc::c_int) -> bool {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return false };
    // Collected first: the listing itself holds a descriptor, which is closed by the time the loop runs.
    let open: Vec<libc::c_int> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor >= first) {
        // SAFETY: takes an integer; as above, nothing in this process owns the descriptor.
        #[allow(unsafe_code)]
        unsafe {
            libc::close(descriptor);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    /// Landlock alone, without the filter in front of it: it binds only the thread that asks for it.
    #[test]
    fn landlock_alone_denies_files_and_tcp() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let thread = std::thread::spawn(move || {
            assert!(std::fs::read("/proc/self/status").is_ok() && std::net::TcpStream::connect(address).is_ok());
            let abi = landlock().map_or(0, abi_in_force);
            if abi >= 1 {
                assert_eq!(std::fs::read("/proc/self/status").unwrap_err().kind(), ErrorKind::PermissionDenied);
                assert_eq!(std::fs::read_dir("/").unwrap_err().kind(), ErrorKind::PermissionDenied);
            }
            if abi >= 4 {
                let refused = std::net::TcpStream::connect(address).unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
            }
        });
        thread.join().unwrap();
    }
}
