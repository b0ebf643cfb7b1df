//! Name look-ups that give public addresses only. The connection is made to the
//! very addresses that were checked, so that a name cannot change its mind
//! between the check and the connection (DNS rebinding).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address;

/// Every address of a name is one that a project must not reach.
#[derive(Debug, thiserror::Error)]
#[error("{host} has only addresses that are refused ({address}: {reason})")]
pub(crate) struct RefusedAddress {
    pub(crate) host: String,
    pub(crate) address: IpAddr,
    pub(crate) reason: &'static str,
}

type Lookup = dyn Fn(String) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// Checks what it looks up; the names of the user's proxies are exempt.
pub(crate) struct PublicResolver {
    exempt: Vec<String>,
    lookup: Arc<Lookup>,
}

impl PublicResolver {
    pub(crate) fn new(exempt: Vec<String>) -> PublicResolver {
        let system =
            |host: String| std::net::ToSocketAddrs::to_socket_addrs(&(host.as_str(), 0)).map(Iterator::collect);
        PublicResolver { exempt, lookup: Arc::new(system) }
    }

    /// One that finds these addresses for every name.
    #[cfg(test)]
    pub(crate) fn answering(addresses: Vec<SocketAddr>) -> PublicResolver {
        PublicResolver { exempt: Vec::new(), lookup: Arc::new(move |_| Ok(addresses.clone())) }
    }
}

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let exempt = self.exempt.iter().any(|exempt| exempt.eq_ignore_ascii_case(&host));
        let lookup = Arc::clone(&self.lookup);
        Box::pin(async move {
            let asked = host.clone();
            let found = tokio::task::spawn_blocking(move || lookup(asked)).await??;
            let addresses = if exempt { found } else { public_only(&host, found)? };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

fn public_only(host: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, RefusedAddress> {
    let refused = found.iter().find_map(|found| Some((found.ip(), address::refusal(found.ip())?)));
    let public: Vec<SocketAddr> = found.into_iter().filter(|found| address::refusal(found.ip()).is_none()).collect();
    match refused {
        Some((address, reason)) if public.is_empty() => Err(RefusedAddress { host: host.to_owned(), address, reason }),
        _ => Ok(public),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    fn resolve(exempt: &[&str], answer: &[&str]) -> Result<Vec<IpAddr>, String> {
        let answer: Vec<SocketAddr> = answer.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
        let exempt = exempt.iter().map(|name| (*name).to_owned()).collect();
        let resolver = PublicResolver { exempt, ..PublicResolver::answering(answer) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(resolver.resolve(Name::from_str("host.invalid").unwrap()));
        found.map(|found| found.map(|found| found.ip()).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn only_public_addresses_come_out() {
        assert_eq!(resolve(&[], &["1.1.1.1", "10.0.0.1"]).unwrap(), ["1.1.1.1".parse::<IpAddr>().unwrap()]);
        let refused = resolve(&[], &["169.254.169.254", "::1"]).unwrap_err();
        assert!(refused.contains("169.254.169.254") && refused.contains("host.invalid"), "{refused}");
        assert_eq!(resolve(&["HOST.invalid"], &["10.0.0.1"]).unwrap().len(), 1);
    }
}
