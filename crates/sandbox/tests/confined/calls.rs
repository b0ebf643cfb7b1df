//! System calls by name, without the library that would hide them.

use libc::{c_long, c_ulong};

/// Calls with arguments that would make them succeed, or fail with another error than the filter's, were they let
/// through. Pointers are null: a call that gets past the filter reports `EFAULT`.
pub(crate) const CALLS: &[(&str, c_long, [c_ulong; 4])] = &[
    ("clone", libc::SYS_clone, [libc::SIGCHLD as c_ulong, 0, 0, 0]),
    ("clone-namespace", libc::SYS_clone, [(libc::CLONE_THREAD | libc::CLONE_NEWUSER) as c_ulong, 0, 0, 0]),
    ("clone3", libc::SYS_clone3, [0, 88, 0, 0]),
    ("memfd_create", libc::SYS_memfd_create, [0, 0, 0, 0]),
    (
        "mmap-exec",
        libc::SYS_mmap,
        [0, 4096, (libc::PROT_READ | libc::PROT_EXEC) as c_ulong, libc::MAP_PRIVATE as c_ulong],
    ),
    ("mprotect-exec", libc::SYS_mprotect, [0, 0, (libc::PROT_READ | libc::PROT_EXEC) as c_ulong, 0]),
    ("prctl-dumpable", libc::SYS_prctl, [libc::PR_SET_DUMPABLE as c_ulong, 1, 0, 0]),
    ("prlimit-set", libc::SYS_prlimit64, [0, libc::RLIMIT_NOFILE as c_ulong, 1, 0]),
    ("seccomp", libc::SYS_seccomp, [libc::SECCOMP_SET_MODE_FILTER as c_ulong, 0, 0, 0]),
    ("dup", libc::SYS_dup, [0, 0, 0, 0]),
    ("pipe2", libc::SYS_pipe2, [0, 0, 0, 0]),
    ("fcntl-dup", libc::SYS_fcntl, [0, libc::F_DUPFD as c_ulong, 0, 0]),
    ("sendmsg", libc::SYS_sendmsg, [0, 0, 0, 0]),
    ("setuid", libc::SYS_setuid, [0, 0, 0, 0]),
    ("shmget", libc::SYS_shmget, [0, 4096, 0, 0]),
    ("ioctl", libc::SYS_ioctl, [0, libc::TIOCSTI as c_ulong, 0, 0]),
    ("ptrace", libc::SYS_ptrace, [libc::PTRACE_TRACEME as c_ulong, 0, 0, 0]),
    ("process_vm_readv", libc::SYS_process_vm_readv, [1, 0, 0, 0]),
    ("io_uring_setup", libc::SYS_io_uring_setup, [1, 0, 0, 0]),
    ("bpf", libc::SYS_bpf, [0, 0, 0, 0]),
    ("userfaultfd", libc::SYS_userfaultfd, [0, 0, 0, 0]),
    ("unshare", libc::SYS_unshare, [libc::CLONE_NEWUSER as c_ulong, 0, 0, 0]),
    ("pidfd_open", libc::SYS_pidfd_open, [1, 0, 0, 0]),
    #[cfg(target_arch = "x86_64")]
    ("x32-getpid", 0x4000_0000 + libc::SYS_getpid, [0, 0, 0, 0]),
    #[cfg(target_arch = "x86_64")]
    ("fork", libc::SYS_fork, [0, 0, 0, 0]),
    #[cfg(target_arch = "x86_64")]
    ("open", libc::SYS_open, [0, 0, 0, 0]),
];

/// Makes a call and tells its error.
pub(crate) fn make(name: &str) -> String {
    let (_, number, [a, b, c, d]) = *CALLS.iter().find(|(known, ..)| *known == name).unwrap();
    // SAFETY: every pointer argument in the list is null or a length of nothing, so that the kernel writes nowhere.
    #[allow(unsafe_code)]
    let result = unsafe { libc::syscall(number, a, b, c, d, -1_i64, 0_i64) };
    if result == -1 {
        format!("errno {}", std::io::Error::last_os_error().raw_os_error().unwrap())
    } else {
        format!("done {result}")
    }
}

/// The kernel's version of Landlock, 0 without: asked directly, not through what is being tested.
pub(crate) fn kernel_landlock() -> u8 {
    const VERSION: c_ulong = 1;
    // SAFETY: with this flag the call reads no memory; it gives a number.
    #[allow(unsafe_code)]
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0_u64, 0_u64, VERSION) };
    u8::try_from(version).unwrap_or(0)
}

/// The numbers of the descriptors that are open.
pub(crate) fn open_descriptors() -> String {
    let open = (0..64).filter(|descriptor| {
        // SAFETY: asks for flags; takes and gives integers.
        #[allow(unsafe_code)]
        let flags = unsafe { libc::fcntl(*descriptor, libc::F_GETFD) };
        flags != -1
    });
    format!("{:?}", open.collect::<Vec<_>>())
}
