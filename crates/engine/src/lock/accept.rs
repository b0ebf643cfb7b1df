//! `--accept PKG`: takes over the present profile of one package and of nothing else.

use vetch_graph::Selector;
use vetch_model::lock::BehaviourLock;
use vetch_model::purl::Purl;

use super::Present;

/// The lock with the entries of one package as they are now. `wanted` is a name (all its
/// versions), `name@version` or a purl. `None` if neither the lock nor the project has it.
pub fn accept(locked: &BehaviourLock, present: &Present, wanted: &str) -> Option<BehaviourLock> {
    let wanted = Selector::parse(wanted);
    let is_meant = |purl: &Purl| wanted.means(purl);
    let mut lock = locked.clone();
    // A version that the project no longer has goes, unless it is only not asked for here.
    lock.releases.retain(|purl, _| !is_meant(purl) || present.skipped.contains(purl));
    let now = present.lock.releases.iter().filter(|(purl, _)| is_meant(purl));
    lock.releases.extend(now.map(|(purl, release)| (purl.clone(), release.clone())));
    let is_known = locked.releases.keys().chain(present.lock.releases.keys()).any(is_meant);
    is_known.then_some(lock)
}
