//! Puts a process under guard, and says which guards hold.
//!
//! The threat is code execution in a parser: whoever has it finds an empty environment, no descriptor but the pipes to
//! the parent, no way to open a file, a socket or a process, and a bounded amount of memory.

use crate::limits::WorkerLimits;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other as system;
mod resources;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod seccomp;

/// One mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The kernel refuses every system call that computing and reading and writing the pipes do not need: no files, no
    /// sockets, no processes, no signals to others, no executable memory.
    SystemCalls,
    /// Landlock refuses every access to the file system and, depending on its version, TCP, abstract Unix sockets and
    /// signals: a second wall behind the first.
    Landlock,
    /// Address space is bounded.
    Memory,
    /// No core dumps (they would write hostile bytes to disk), no growing of files.
    Files,
    /// Descriptors other than the standard three were closed, and hardly any can be opened.
    Descriptors,
    /// The process dies with the thread that started it.
    DiesWithParent,
    /// No program it might start could gain privileges.
    NoNewPrivileges,
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 7] = [
        Self::SystemCalls,
        Self::Landlock,
        Self::Memory,
        Self::Files,
        Self::Descriptors,
        Self::DiesWithParent,
        Self::NoNewPrivileges,
    ];

    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// What is missing without it, for the notice.
    const fn missing(self) -> &'static str {
        match self {
            Self::SystemCalls => "no system call filter (seccomp)",
            Self::Landlock => "no Landlock (Linux 5.13 or later with Landlock enabled)",
            Self::Memory => "no limit on memory",
            Self::Files => "no limit on core dumps and file sizes",
            Self::Descriptors => "inherited descriptors stay open",
            Self::DiesWithParent => "a busy worker may outlive a killed parent",
            Self::NoNewPrivileges => "no bar to gaining privileges",
        }
    }
}

/// The guards in force in a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Confinement {
    guards: u8,
    landlock_abi: u8,
}

impl Confinement {
    /// Whether `guard` is in force.
    pub const fn holds(self, guard: Guard) -> bool {
        self.guards & guard.bit() != 0
    }

    /// The version of Landlock's interface in force, 0 without Landlock. From 4 on it covers TCP, from 6 on abstract
    /// Unix sockets and signals.
    pub const fn landlock_abi(self) -> u8 {
        self.landlock_abi
    }

    /// One line for the user if a guard is missing. Show it once per run.
    pub fn notice(self) -> Option<String> {
        let missing: Vec<_> = Guard::ALL.into_iter().filter(|guard| !self.holds(*guard)).map(Guard::missing).collect();
        if missing.is_empty() {
            return None;
        }
        let open = !self.holds(Guard::SystemCalls) && !self.holds(Guard::Landlock);
        let consequence = if open {
            "hostile files are parsed in separate processes, but these could reach files and the network"
        } else {
            "hostile files are parsed in separate processes that can open no files; a wall behind that is missing"
        };
        Some(format!("worker processes are only partly confined on this system: {}; {consequence}", missing.join(", ")))
    }

    fn set(&mut self, guard: Guard, holds: bool) {
        if holds {
            self.guards |= guard.bit();
        } else {
            self.guards &= !guard.bit();
        }
    }

    /// For the first frame of a worker.
    pub(crate) const fn to_bytes(self) -> [u8; 2] {
        [self.guards, self.landlock_abi]
    }

    pub(crate) const fn from_bytes([guards, landlock_abi]: [u8; 2]) -> Self {
        Self { guards, landlock_abi }
    }
}

/// Confines the calling process for good. Call it first in `main`, before any thread is started, any descriptor opened
/// and any input read: descriptors other than the standard three are closed.
///
/// Threads may be started later; they inherit everything. [`crate::Link::start`] does this and more for a worker.
pub fn confine_worker(limits: &WorkerLimits) -> Confinement {
    let closed = close_inherited();
    restrict(limits, closed)
}

/// Closes what a careless ancestor left open (a shell's descriptor 3, an agent's socket).
pub(crate) fn close_inherited() -> bool {
    system::close_inherited()
}

/// Everything but the closing of descriptors.
pub(crate) fn restrict(limits: &WorkerLimits, descriptors_closed: bool) -> Confinement {
    let mut confinement = Confinement::default();
    resources::limit(limits, descriptors_closed, &mut confinement);
    system::restrict(&mut confinement);
    confinement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_guard_is_never_silent() {
        let mut confinement = Confinement::default();
        for guard in Guard::ALL {
            assert!(confinement.notice().is_some_and(|notice| notice.contains(guard.missing())), "{guard:?}");
            confinement.set(guard, true);
        }
        assert_eq!(confinement.notice(), None);
        confinement.set(Guard::Landlock, false);
        assert!(confinement.notice().is_some_and(|notice| notice.contains("Landlock")));
        assert_eq!(Confinement::from_bytes(confinement.to_bytes()), confinement);
    }
}
