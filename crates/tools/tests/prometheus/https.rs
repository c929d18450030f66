//! Certificates: whom a source trusts, and what it shows of itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use capstan_model::event::sli::MissingReason;
use capstan_tools::sli::{Answer, Failure, Limits};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::stub::{Reply, Stub, ask, indicators, nobody, open};

/// A CA, and a directory with what it made.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    files: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let files = tempfile::tempdir().unwrap();
        std::fs::write(files.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, files }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Makes a certificate for a client, in `client.pem` and `client-key.pem`.
    fn make_client(&self) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["client".to_owned()]).unwrap();
        std::fs::write(self.file("client.pem"), params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        std::fs::write(self.file("client-key.pem"), key.serialize_pem()).unwrap();
    }

    /// Starts a server for 127.0.0.1 that answers each request with the value 3.
    async fn serve(&self, clients_show_certificates: bool) -> SocketAddr {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.unwrap();
        let builder = if clients_show_certificates {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                // A client that goes away in the handshake is what some of these tests are about.
                tokio::spawn(async move {
                    if let Ok(mut stream) = acceptor.accept(stream).await {
                        let mut head = Vec::new();
                        while !head.ends_with(b"\r\n\r\n") {
                            match stream.read_u8().await {
                                Ok(byte) => head.push(byte),
                                Err(_) => return,
                            }
                        }
                        let body =
                            r#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"3"]}]}}"#;
                        let length = body.len();
                        let answer =
                            format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
                        stream.write_all(format!("{answer}{body}").as_bytes()).await.unwrap();
                        stream.shutdown().await.unwrap();
                    }
                });
            }
        });
        address
    }
}

async fn query(address: SocketAddr, files: &[(&str, &Path)]) -> Vec<Answer> {
    let variables: Vec<_> =
        files.iter().map(|(what, path)| (format!("CAPSTAN_SOURCE_P_{what}"), path.to_str().unwrap())).collect();
    let variables: Vec<_> = variables.iter().map(|(name, path)| (name.as_str(), *path)).collect();
    let source = open(&format!("p=https://{address}"), &variables).unwrap();
    ask(source, &indicators(5), &Limits::default()).await
}

fn failure(answer: &Answer) -> &Failure {
    answer.outcome.as_ref().unwrap_err()
}

#[tokio::test]
async fn an_own_ca_is_trusted() {
    let authority = Authority::new();
    let address = authority.serve(false).await;
    for answer in query(address, &[("CA_FILE", &authority.file("ca.pem"))]).await {
        assert_eq!(answer.outcome, Ok(3.0));
    }
}

#[tokio::test]
async fn another_ca_is_not_trusted() {
    let (authority, other) = (Authority::new(), Authority::new());
    let address = authority.serve(false).await;
    let answers = query(address, &[("CA_FILE", &other.file("ca.pem"))]).await;
    for answer in &answers {
        let Failure { reason, message } = failure(answer);
        assert_eq!(*reason, MissingReason::Transport);
        assert!(message.starts_with("cannot connect to https://127.0.0.1"), "{message}");
        assert!(message.contains("CAPSTAN_SOURCE_P_CA_FILE"), "{message}");
        assert!(answer.attempts <= 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_one() {
    let authority = Authority::new();
    authority.make_client();
    let address = authority.serve(true).await;
    let (ca, chain, key) = (authority.file("ca.pem"), authority.file("client.pem"), authority.file("client-key.pem"));
    let shown = [("CA_FILE", &*ca), ("CLIENT_CERT_FILE", &chain), ("CLIENT_KEY_FILE", &key)];
    for answer in query(address, &shown).await {
        assert_eq!(answer.outcome, Ok(3.0));
    }
    let answers = query(address, &[("CA_FILE", &ca)]).await;
    for answer in &answers {
        let Failure { reason, message } = failure(answer);
        assert_eq!(*reason, MissingReason::Login, "{message}");
        assert!(message.contains("CAPSTAN_SOURCE_P_CLIENT_CERT_FILE"), "{message}");
    }
}

#[tokio::test]
async fn a_key_that_does_not_fit_its_certificate_is_refused_at_once() {
    let (authority, other) = (Authority::new(), Authority::new());
    authority.make_client();
    other.make_client();
    let (chain, key) = (authority.file("client.pem"), other.file("client-key.pem"));
    let variables = [
        ("CAPSTAN_SOURCE_P_CA_FILE", authority.file("ca.pem").display().to_string()),
        ("CAPSTAN_SOURCE_P_CLIENT_CERT_FILE", chain.display().to_string()),
        ("CAPSTAN_SOURCE_P_CLIENT_KEY_FILE", key.display().to_string()),
    ];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let message = open(&format!("p=https://{}", nobody().await), &variables).unwrap_err();
    assert!(message.starts_with("source 'p': CAPSTAN_SOURCE_P_CLIENT_CERT_FILE and CAPSTAN_SOURCE_P_CLIENT_KEY_FILE"));
}

#[tokio::test]
async fn http_and_https_mixed_up() {
    let authority = Authority::new();
    let plain = Stub::start(|_| Reply::Value("1")).await;
    let answers = query(plain.address, &[("CA_FILE", &authority.file("ca.pem"))]).await;
    let Failure { reason, message } = failure(&answers[0]);
    assert_eq!(*reason, MissingReason::Transport);
    assert!(message.contains("does the server speak plain http?"), "{message}");

    let address = authority.serve(false).await;
    let source = open(&format!("p=http://{address}"), &[]).unwrap();
    let limits = Limits { attempts: 1, ..Limits::default() };
    let answers = ask(source, &indicators(1), &limits).await;
    assert_eq!(failure(&answers[0]).reason, MissingReason::Transport);
}
