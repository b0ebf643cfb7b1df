//! The system call filter: an allowlist of what computing and using inherited pipes needs.
//!
//! Three answers, by what a call says about the caller:
//! - **allowed**: memory, threads, time, randomness, reading and writing descriptors that are already open;
//! - **killed**: calls that no parser and no library under it ever makes by accident (start a program, open a socket,
//!   debug another process, load code into the kernel). Nothing is gained by letting such a process go on;
//! - **refused** with `EPERM`: all the rest. Libraries probe (the panic machinery looks for `/proc/self/exe`, an
//!   allocator for `/sys`), take the error and go on.
//!
//! Metadata calls that take a path (`newfstatat`, `statx`) are refused too, as Landlock does not cover them.

use libc::c_long;
use seccompiler::{
    BackendError, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter_all_threads,
};
use std::collections::BTreeMap;

/// Harmless whatever the arguments.
const ALLOWED: &[c_long] = &[
    // descriptors that are open already; nothing can open another
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_ppoll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    // memory (mmap and mprotect below)
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    // threads (clone below; clone3 is answered "no such call")
    libc::SYS_clone3,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    // own signals: the handler that reports an overflowed stack
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    // time, randomness (hash maps), the end
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// No accident.
const KILLED: &[c_long] = &[
    // programs
    libc::SYS_execve,
    libc::SYS_execveat,
    // the network
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    // namespaces and mounts
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_open_by_handle_at,
    // the kernel: its modules, programs and favourite ways in
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
];

/// Flags of `clone` that make a new process or namespace rather than a thread.
const NAMESPACE_FLAGS: libc::c_int = libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// Installs the filter in every thread of the process.
pub(super) fn filter() -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let compile = |rules: Rules, otherwise, then| -> Result<seccompiler::BpfProgram, BackendError> {
        SeccompFilter::new(rules, otherwise, then, arch)?.try_into()
    };
    // The kernel takes the most severe answer of all filters: killed, then refused, then allowed.
    let killed = compile(any_arguments(KILLED), SeccompAction::Allow, SeccompAction::KillProcess)?;
    // The flags of clone3 lie in memory, where a filter cannot see them. Told that the call does not exist, the C
    // library falls back to clone, whose flags are checked.
    let enosys = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let absent = compile(any_arguments(&[libc::SYS_clone3]), SeccompAction::Allow, enosys)?;
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let allowed = compile(allowed()?, refused, SeccompAction::Allow)?;
    // The allowlist comes last, as it refuses the installing of filters.
    for program in [killed, absent, allowed] {
        apply_filter_all_threads(&program)?;
    }
    Ok(())
}

fn any_arguments(calls: &[c_long]) -> Rules {
    calls.iter().map(|call| (*call, Vec::new())).collect()
}

fn allowed() -> Result<Rules, BackendError> {
    let mut rules = any_arguments(ALLOWED);
    let no_exec = || bits(2, libc::PROT_EXEC, 0);
    rules.insert(libc::SYS_mmap, vec![rule([no_exec()?])?]);
    rules.insert(libc::SYS_mprotect, vec![rule([no_exec()?])?]);
    let thread = bits(0, libc::CLONE_THREAD | NAMESPACE_FLAGS, libc::CLONE_THREAD)?;
    rules.insert(libc::SYS_clone, vec![rule([thread])?]);
    // A process may end itself by a signal (that is how `abort` works), nobody else.
    rules.insert(libc::SYS_tgkill, vec![rule([equals(0, std::process::id())?])?]);
    rules.insert(libc::SYS_prctl, vec![rule([equals(0, libc::PR_SET_NAME.unsigned_abs())?])?]);
    let getters = [libc::F_GETFD, libc::F_GETFL];
    let getters = getters.map(|command| rule([equals(1, command.unsigned_abs())?]));
    rules.insert(libc::SYS_fcntl, getters.into_iter().collect::<Result<_, _>>()?);
    // Reading its own limits, not setting any.
    let no_new_limit = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![rule([equals(0, 0)?, no_new_limit])?]);
    Ok(rules)
}

/// All conditions hold.
fn rule<const N: usize>(conditions: [SeccompCondition; N]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(conditions.into())
}

/// The argument, a 32-bit number, is `value`.
fn equals(argument: u8, value: u32) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value.into())
}

/// Of the bits in `mask`, the argument has those in `value`.
fn bits(argument: u8, mask: libc::c_int, value: libc::c_int) -> Result<SeccompCondition, BackendError> {
    let operator = SeccompCmpOp::MaskedEq(mask.unsigned_abs().into());
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value.unsigned_abs().into())
}
