//! TLS of a source: whom it trusts, and what it shows of itself.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_native_certs::CertificateResult;

use crate::sli::credentials::{Credentials, PemFile};

/// Why TLS cannot be set up. Names variables and paths, never the content of a key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The machine has no certificates to trust.
    #[error(
        "https needs CA certificates and this machine has none{causes}: install them (in most distributions the package ca-certificates), or name a PEM bundle by {variables}_CA_FILE"
    )]
    NoRoots {
        /// What went wrong when they were looked for, in parentheses; or empty.
        causes: String,
        /// What the names of the source's variables begin with.
        variables: String,
    },
    /// A PEM file cannot be read, or holds something else.
    #[error("cannot use {path}, which {variable} names: {cause}", path = .path.display())]
    Pem {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// Key and certificate do not go together, or cannot be used.
    #[error("{chain} and {key} do not make a client certificate: {cause}")]
    Client {
        /// The variable that names the certificate chain.
        chain: String,
        /// The variable that names the key.
        key: String,
        /// Why.
        cause: rustls::Error,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Setup(rustls::Error),
}

/// The configuration for a source whose variables begin with `variables`.
///
/// `system` finds the certificates of the machine. That takes milliseconds, so it is only called where it counts.
pub(super) fn config(
    credentials: &Credentials,
    https: bool,
    variables: &str,
    system: fn() -> CertificateResult,
) -> Result<ClientConfig, TlsError> {
    let roots = match &credentials.ca {
        Some(file) => own_roots(file)?,
        None if https => system_roots(&system(), variables)?,
        None => RootCertStore::empty(),
    };
    // The provider is given by hand: a default for the whole process is for the program to choose, not for a library.
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Setup)?
        .with_root_certificates(roots);
    let mut config = match &credentials.client {
        Some(client) => {
            let key = PrivateKeyDer::from_pem_file(&client.key.path).map_err(|error| unusable(&client.key, &error))?;
            config.with_client_auth_cert(certificates(&client.chain)?, key).map_err(|cause| TlsError::Client {
                chain: client.chain.variable.clone(),
                key: client.key.variable.clone(),
                cause,
            })?
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn own_roots(file: &PemFile) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| unusable(file, &error))?;
    }
    Ok(roots)
}

fn system_roots(found: &CertificateResult, variables: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // Stores of systems hold odd ones; one that cannot be read does not make the others useless.
    roots.add_parsable_certificates(found.certs.iter().cloned());
    if roots.is_empty() {
        let causes: Vec<_> = found.errors.iter().take(2).map(ToString::to_string).collect();
        let causes = if causes.is_empty() { String::new() } else { format!(" ({})", causes.join("; ")) };
        return Err(TlsError::NoRoots { causes, variables: variables.to_owned() });
    }
    Ok(roots)
}

fn certificates(file: &PemFile) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(&file.path)
        .and_then(Iterator::collect::<Result<Vec<_>, pem::Error>>)
        .map_err(|error| unusable(file, &error))?;
    if certificates.is_empty() {
        return Err(unusable(file, &"it holds no certificate in PEM form"));
    }
    Ok(certificates)
}

fn unusable(file: &PemFile, cause: &dyn std::fmt::Display) -> TlsError {
    TlsError::Pem { variable: file.variable.clone(), path: file.path.clone(), cause: cause.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sli::credentials::{ClientCertificate, Login};

    fn credentials(ca: Option<&str>, client: Option<(&str, &str)>) -> Credentials {
        let pem = |what: &str, path: &str| PemFile { variable: format!("X_{what}_FILE"), path: path.into() };
        Credentials {
            login: Login::Anonymous,
            ca: ca.map(|path| pem("CA", path)),
            client: client.map(|(chain, key)| ClientCertificate {
                chain: pem("CLIENT_CERT", chain),
                key: pem("CLIENT_KEY", key),
            }),
        }
    }

    fn none() -> CertificateResult {
        CertificateResult::default()
    }

    #[test]
    fn https_needs_somebody_to_trust() {
        let message = config(&credentials(None, None), true, "CAPSTAN_SOURCE_P", none).unwrap_err().to_string();
        assert!(message.contains("ca-certificates") && message.contains("CAPSTAN_SOURCE_P_CA_FILE"), "{message}");
        config(&credentials(None, None), false, "CAPSTAN_SOURCE_P", none).unwrap();
    }

    #[test]
    fn pem_files_that_are_none_are_named() {
        let missing = config(&credentials(Some("/nowhere.pem"), None), true, "X", none).unwrap_err().to_string();
        assert!(missing.contains("cannot use /nowhere.pem, which X_CA_FILE names: "), "{missing}");

        let other = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(other.path(), "hunter2").unwrap();
        let path = other.path().to_str().unwrap();
        for (credentials, variable) in
            [(credentials(Some(path), None), "X_CA_FILE"), (credentials(None, Some((path, path))), "X_CLIENT_KEY_FILE")]
        {
            let error = config(&credentials, false, "X", none).unwrap_err();
            assert!(error.to_string().contains(variable), "{error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }
}
