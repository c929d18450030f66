//! Whom a client trusts: the certificates of the machine, or those that `SSL_CERT_FILE` names.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

use crate::failure::Failure;

/// The configuration for a server; `https` says whether it is one that shows a certificate.
pub(crate) fn config(https: bool) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    if https {
        // It takes milliseconds, so only where it counts. One odd certificate does not make the others useless.
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            return Err(Failure::with_help(
                "https needs CA certificates, and this machine has none",
                "install them (in most distributions the package ca-certificates), or name a PEM bundle in SSL_CERT_FILE",
            ));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Failure::plain(format!("TLS cannot be set up: {error}")))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
