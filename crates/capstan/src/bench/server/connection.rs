//! The bench's client: one connection that is kept, and as little as possible on it, as it shares the machine with the server.

use std::sync::Arc;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;

use crate::failure::{Failure, reason};

/// A server, as far as a client has to know it.
#[derive(Debug)]
pub(super) struct Target {
    /// Host and port.
    authority: String,
    /// Before each path; empty in most cases.
    prefix: String,
    headers: HeaderMap,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Target {
    /// The server at host and port. Requests carry the token where there is one.
    pub(super) fn new(authority: &str, prefix: &str, token: Option<&str>) -> Result<Arc<Self>, Failure> {
        let value = |text: &str, what: &str| {
            HeaderValue::from_str(text).map_err(|_| Failure::plain(format!("{what} cannot be sent in a header")))
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, value(authority, "the address of the server")?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            headers.insert(HeaderName::from_static("x-token"), value(token, "the token")?);
        }
        Ok(Arc::new(Self { authority: authority.to_owned(), prefix: prefix.to_owned(), headers }))
    }

    /// The server at a URL such as `http://localhost:8080` or `http://localhost:8080/api`.
    pub(super) fn at(url: &str, token: Option<&str>) -> Result<Arc<Self>, Failure> {
        let help = "write http://HOST:PORT; the bench drives servers on this machine or near it, without TLS";
        let wrong = || Failure::with_help(format!("'{url}' is no address to measure"), help);
        let parsed = reqwest::Url::parse(url).map_err(|_| wrong())?;
        let is_plain = parsed.scheme() == "http" && parsed.username().is_empty() && parsed.query().is_none();
        let host = parsed.host_str().filter(|_| is_plain).ok_or_else(wrong)?;
        let authority = format!("{host}:{}", parsed.port_or_known_default().unwrap_or(80));
        let path = parsed.path().trim_end_matches('/');
        Self::new(&authority, path.strip_suffix("/api").unwrap_or(path), token)
    }
}

/// A connection to a server; it is kept for as long as this is.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    target: Arc<Target>,
}

impl Connection {
    pub(super) async fn open(target: &Arc<Target>) -> Result<Self, Failure> {
        let stream = TcpStream::connect(&target.authority)
            .await
            .map_err(|error| Failure::plain(format!("cannot connect to '{}': {}", target.authority, reason(&error))))?;
        // Without it things are slower and still right.
        let _ = stream.set_nodelay(true);
        let (sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(target, &error))?;
        // It ends with the sender; what goes wrong on it is told to whoever waits for an answer.
        tokio::spawn(connection);
        Ok(Self { sender, target: Arc::clone(target) })
    }

    /// As many connections as that.
    pub(super) async fn open_many(target: &Arc<Target>, count: usize) -> Result<Vec<Self>, Failure> {
        let mut connections = Vec::with_capacity(count);
        for _ in 0..count {
            connections.push(Self::open(target).await?);
        }
        Ok(connections)
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer, Failure> {
        let response = self.begin(method, path, body).await?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(|error| lost(&self.target, &error))?.to_bytes();
        Ok(Answer { status, body })
    }

    /// Sends a request and reads the head of the answer; the body comes as it comes.
    pub(super) async fn begin(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, Failure> {
        let target = Arc::clone(&self.target);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        let uri = if target.prefix.is_empty() { path.parse() } else { format!("{}{path}", target.prefix).parse() };
        *request.uri_mut() = uri.map_err(|_| Failure::plain(format!("'{path}' is no path")))?;
        *request.headers_mut() = target.headers.clone();
        self.sender.ready().await.map_err(|error| lost(&target, &error))?;
        self.sender.send_request(request).await.map_err(|error| lost(&target, &error))
    }

    /// Sends a body, which has to be taken well.
    pub(super) async fn post(&mut self, path: &str, body: Bytes) -> Result<Bytes, Failure> {
        self.send(Method::POST, path, body).await?.good(path)
    }

    /// Asks for something, which has to be there.
    pub(super) async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        let body = self.send(Method::GET, path, Bytes::new()).await?.good(path)?;
        read(path, &body)
    }
}

impl Answer {
    /// The body of an answer that says yes.
    pub(super) fn good(self, path: &str) -> Result<Bytes, Failure> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let said: String = String::from_utf8_lossy(&self.body).chars().take(300).collect();
        Err(Failure::plain(format!("the server answers {} to '{path}': {said}", self.status)))
    }
}

/// Reads JSON of a known shape.
pub(super) fn read<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body)
        .map_err(|error| Failure::plain(format!("the answer to '{path}' is not what it should be: {error}")))
}

fn lost(target: &Target, error: &hyper::Error) -> Failure {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    Failure::plain(format!("the connection to '{}' is lost: {error}{cause}", target.authority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_the_server_or_of_its_api() {
        for (url, authority, prefix) in [
            ("http://localhost:8080", "localhost:8080", ""),
            ("http://localhost/api/", "localhost:80", ""),
            ("http://[::1]:1/keptn/api", "[::1]:1", "/keptn"),
        ] {
            let target = Target::at(url, Some("secret")).unwrap();
            assert_eq!((&*target.authority, &*target.prefix), (authority, prefix), "{url}");
            assert_eq!(target.headers["x-token"], "secret");
        }
        for url in ["localhost:8080", "https://localhost", "", "http://"] {
            assert!(Target::at(url, None).is_err(), "{url}");
        }
    }
}
