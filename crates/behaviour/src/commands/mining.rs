//! Commands that mine cryptocurrency, under whatever name.

const MINERS: &[&str] = &[
    "xmrig",
    "minerd",
    "cpuminer",
    "ethminer",
    "cgminer",
    "nbminer",
    "t-rex",
    "phoenixminer",
    "jsextension",
    "lolminer",
];

/// Whether a command mines: a miner by its name, a pool by its protocol, or a wallet that is to be paid.
pub(super) fn mines(program: &str, args: &[String]) -> bool {
    MINERS.contains(&program) || args.iter().any(|arg| arg.contains("stratum+") || is_monero_wallet(arg))
}

/// An address of Monero: 95 characters of base 58 from 4 or 8 on, or 106 with a payment id in it. A pool may take
/// something after a dot.
fn is_monero_wallet(arg: &str) -> bool {
    let wallet = arg.split(['.', '+']).next().unwrap_or_default();
    let is_base_58 = |byte: u8| byte.is_ascii_alphanumeric() && !b"0OIl".contains(&byte);
    matches!(wallet.len(), 95 | 106) && wallet.starts_with(['4', '8']) && wallet.bytes().all(is_base_58)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_miner_is_known_by_its_name_its_pool_or_its_wallet() {
        let wallet = format!("4{}", "inert".repeat(19).get(1..).unwrap_or_default());
        assert!(mines("xmrig", &[]));
        assert!(mines("runner", &words("-o stratum+tcp://pool.invalid:1")));
        assert!(mines("runner", &words(&format!("-u {wallet}.rig -o pool.invalid:8080 -k"))));
        let digest = "4".repeat(96);
        assert!(!mines("node", &words(&format!("check.js --sha {digest} -o out.txt"))));
    }
}
