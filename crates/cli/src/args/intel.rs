//! `vetch intel`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

const HELP: &str = "Examples:
  vetch intel import advisories.zip            OSV's zip of an ecosystem
  vetch intel import malicious-packages/osv    a checkout of a database
  vetch intel import kev.json epss.csv.gz      what is exploited, and how probable that is
  vetch intel import bundle.json urlhaus.csv   indicators of compromise: STIX 2.1, MISP, lists
  vetch intel import vendor.openvex.json       judgements of vulnerabilities: OpenVEX, CSAF VEX, CycloneDX VEX
  vetch intel update                           OSV's own database, over the network
  vetch intel taxii https://taxii.example/taxii2/
  vetch intel update --taxii cert              what is new at a TAXII server of your config.toml
  vetch intel key --output team.key            a key, to sign snapshots with
  vetch intel pack --output all.vetch-intel --key team.key
  vetch intel import all.vetch-intel           a snapshot that a key you trust signed
  vetch intel search axios
  vetch intel show MAL-2026-2307
  vetch intel show axios-2026                  a known campaign

Exit status:
  0    done; also where single records were broken, which is told
  1    nothing was found
  2    usage or environment error; what was there before stands
  130  stopped with Ctrl-C; what was there before stands";

#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_help = HELP)]
pub(crate) struct IntelArgs {
    #[command(subcommand)]
    pub(crate) command: IntelCommand,
    /// Keep it in this folder [default: the user's state folder]
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) intel: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum IntelCommand {
    /// Take in records: OSV (.json, .yaml, .jsonl), folders of them, OSV's zips, CISA KEV (.json), EPSS (.csv, .csv.gz), and
    /// indicators: STIX 2.1 bundles, MISP events and feeds (.json), lists (.json, .csv, .txt); and judgements (VEX) as
    /// OpenVEX, CSAF or CycloneDX (.json), which take advisories off the list
    ///
    /// A snapshot (`vetch intel pack`) is taken in if a key that you trust signed it: FILE.minisig beside it. It stands in
    /// place of everything that was there; what is named behind it is added.
    Import {
        /// Files and folders; all are taken in, or none
        #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// Trust snapshots that this public key signed: the key itself, or its file. May be given again [default:
        /// `trusted-keys` under `[intel]` in the user's config.toml]
        #[arg(long = "key", value_name = "KEY", value_hint = ValueHint::FilePath)]
        keys: Vec<String>,
        /// Also take in a snapshot that is older than what is there
        #[arg(long)]
        allow_older: bool,
    },
    /// Pack everything into one file for networks that reach no feed, and sign it
    ///
    /// The same content gives the same bytes. The signature is FILE.minisig, as minisign makes it.
    Pack {
        /// The file to write; a name that ends in .vetch-intel is usual
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf,
        /// Sign with this secret key, which `vetch intel key` or minisign made. Its password is asked for, or taken from
        /// VETCH_KEY_PASSWORD
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        key: Option<PathBuf>,
    },
    /// Make a pair of keys that sign and check snapshots, as minisign makes them
    Key {
        /// The file of the secret key; the public one is written beside it, FILE.pub
        #[arg(long, short, value_name = "FILE", value_hint = ValueHint::FilePath)]
        output: PathBuf,
        /// Do not protect the secret key with a password
        #[arg(long)]
        no_password: bool,
    },
    /// Bring in what is new at a mirror of OSV's database and at the TAXII servers of the user's config.toml:
    /// everything the first time, then only changes
    Update {
        /// The mirror's address; TAXII servers are then not asked [default: `mirror` under `[intel]` in the user's
        /// config.toml, or OSV's own]
        #[arg(long, value_name = "URL", value_hint = ValueHint::Url, conflicts_with = "taxii")]
        mirror: Option<String>,
        /// Ask this TAXII server alone, or `all` of them: a part `[[intel.taxii]]` of the user's config.toml
        #[arg(long, value_name = "NAME")]
        taxii: Option<String>,
        /// Use no network; an update is then an error
        #[arg(long)]
        offline: bool,
    },
    /// List the API roots and collections of TAXII 2.1 servers
    Taxii {
        /// A server's address, or its name in the user's config.toml [default: all that are configured]
        #[arg(value_name = "URL|NAME")]
        server: Option<String>,
        /// Use no network; the list is then an error
        #[arg(long)]
        offline: bool,
        /// Form of the answer
        #[arg(long, value_name = "FORMAT", default_value = "terminal")]
        format: IntelFormat,
    },
    /// Tell how much there is, and how old it is
    Status {
        /// Form of the answer
        #[arg(long, value_name = "FORMAT", default_value = "terminal")]
        format: IntelFormat,
    },
    /// Find records by the beginning of an id, alias or package name, or by words of the summary; indicators by their
    /// value, defanged or not; campaigns by name, malware, group or package; judgements by vulnerability, package or author
    Search {
        /// What to look for
        #[arg(value_name = "TEXT")]
        text: String,
        /// At most so many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
        limit: u16,
        /// Form of the answer
        #[arg(long, value_name = "FORMAT", default_value = "terminal")]
        format: IntelFormat,
    },
    /// Tell all of one record, with those that call it the same, of an indicator, or of a campaign
    Show {
        /// Its id, or an alias: MAL-2026-2307, GHSA-…, CVE-…; the value of an indicator; the id of a campaign, or of a
        /// technique of ATT&CK
        #[arg(value_name = "ID")]
        id: String,
        /// Form of the answer
        #[arg(long, value_name = "FORMAT", default_value = "terminal")]
        format: IntelFormat,
    },
}

/// Form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IntelFormat {
    /// For people
    Terminal,
    /// JSON
    Json,
}
