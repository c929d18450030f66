//! The queries of a gate, sent by the least that can send them.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Client, Url};

use crate::failure::Failure;

/// How many queries are under way at the same time: as many as a gate has.
pub(super) const PARALLEL: usize = 16;

/// A client that keeps its connections.
#[derive(Debug)]
pub(super) struct Bare {
    client: Client,
}

impl Bare {
    /// A client without connections.
    pub(super) fn new() -> Result<Self, Failure> {
        let failed = |error: &dyn std::error::Error| Failure::plain(format!("cannot set up HTTP: {error}"));
        // Never used: sources of the bench speak plain HTTP. The HTTP library wants one all the same.
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = Client::builder().tls_backend_preconfigured(tls).http1_only().build();
        Ok(Self { client: client.map_err(|error| failed(&error))? })
    }

    /// Sends a query to each of the addresses and reads the answers to their ends.
    pub(super) async fn ask(&self, addresses: &[Url]) -> Result<(), Failure> {
        let answers = stream::iter(addresses).map(|address| self.get(address)).buffer_unordered(PARALLEL);
        answers.try_for_each(async |_| Ok(())).await
    }

    /// The answer of one address.
    pub(super) async fn get(&self, address: &Url) -> Result<Vec<u8>, Failure> {
        let failed = |error: reqwest::Error| Failure::plain(format!("a query of the bench failed: {error}"));
        let mut response = self.client.get(address.clone()).send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
        }
        match response.status() {
            status if status.is_success() => Ok(body),
            status => Err(Failure::plain(format!("a query of the bench was answered with {status}"))),
        }
    }
}
