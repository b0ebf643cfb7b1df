//! TLS with certificates that are right or wrong; how they were made is in `tls/README.md`.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Signs all certificates below.
pub(super) const AUTHORITY: &str = include_str!("tls/authority.pem");
const KEY: &str = include_str!("tls/server.key.pem");

/// What a registry's certificate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// For `127.0.0.1` and `localhost`.
    Good,
    /// For `elsewhere.invalid`.
    OtherHost,
    /// For `127.0.0.1`, until 2021.
    Expired,
}

/// Nothing is said yet: the first read or write shakes hands.
pub(super) fn accept(stream: TcpStream, identity: Identity) -> StreamOwned<ServerConnection, TcpStream> {
    let certificate = match identity {
        Identity::Good => include_str!("tls/good.pem"),
        Identity::OtherHost => include_str!("tls/other-host.pem"),
        Identity::Expired => include_str!("tls/expired.pem"),
    };
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate in PEM");
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).expect("a key in PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a provider of TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key that fits its certificate");
    let connection = ServerConnection::new(Arc::new(config)).expect("a usable configuration");
    StreamOwned::new(connection, stream)
}
