//! The HTTP side of a Prometheus source.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use capstan_model::event::sli::MissingReason;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Client, Method, Request, Response, StatusCode, Url, redirect};

use super::answer;
use super::tls::{self, TlsError};
use super::trouble::{Trouble, trouble};
use crate::sli::credentials::{CredentialError, Credentials, Login, variable_prefix};
use crate::sli::request::Failure;
use crate::sli::secret::Secret;

/// How much of a body is read, in bytes. An answer with one sample has some hundred.
const BODY_LIMIT: usize = 8 * 1024 * 1024;
/// How long a connection may take to come about. A host that drops packets is known as such after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How many redirects within one server are followed.
const REDIRECTS: usize = 5;

/// A server that speaks the query API of Prometheus. Holds a pool of connections, so make one and keep it.
///
/// Goes through the proxy that `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name, as other programs do.
#[derive(Clone)]
pub struct PrometheusSource {
    client: Client,
    /// Where queries go.
    endpoint: Url,
    /// The base address, without a slash at the end: free of credentials, for messages.
    address: String,
    /// What the names of the source's variables begin with.
    variables: String,
    anonymous: bool,
}

/// Why a source cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The variables with its credentials are wrong.
    #[error(transparent)]
    Credentials(#[from] CredentialError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A credential has characters that cannot be sent.
    #[error("{variable} holds {what}")]
    Unsendable {
        /// The variable.
        variable: String,
        /// What is wrong with the value.
        what: &'static str,
    },
    /// The HTTP library refuses its settings.
    #[error("HTTP cannot be set up: {0}")]
    Setup(reqwest::Error),
}

/// One attempt to get a value.
pub(crate) struct Attempt {
    /// The value, or why there is none.
    pub(crate) outcome: Result<f64, Failure>,
    /// How far it came.
    pub(crate) reach: Reach,
    /// Whether another attempt may do better.
    pub(crate) again: bool,
}

/// How far an attempt came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// There was a connection, and something came of it.
    Answered,
    /// Nothing came in the time that there was.
    Silent,
    /// No connection came about.
    Unreachable,
}

impl PrometheusSource {
    /// A source called `name` at the base address `base`, which may have a path. Does not connect yet.
    pub fn new(name: &str, base: &Url, credentials: &Credentials) -> Result<Self, ClientError> {
        let variables = variable_prefix(name);
        let https = base.scheme() == "https";
        let tls = tls::config(credentials, https, &variables, rustls_native_certs::load_native_certs)?;
        let mut headers = HeaderMap::new();
        if let Some(login) = login(&credentials.login, &variables)? {
            headers.insert(AUTHORIZATION, login);
        }
        let mut builder = Client::builder();
        if is_loopback(base) {
            // A proxy has its own loopback; sent through it, the query would ask another machine.
            builder = builder.no_proxy();
        }
        let client = builder
            .tls_backend_preconfigured(tls)
            .http1_only()
            .default_headers(headers)
            .user_agent(concat!("capstan/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::custom(stay))
            .referer(false)
            .build()
            .map_err(ClientError::Setup)?;

        let mut endpoint = base.clone();
        let path = base.path().trim_end_matches('/').to_owned();
        endpoint.set_path(&format!("{path}/api/v1/query"));
        let address = format!("{}{path}", base.origin().ascii_serialization());
        let anonymous = credentials.login == Login::Anonymous;
        Ok(Self { client, endpoint, address, variables, anonymous })
    }

    /// Where the queries for the instant `time`, given as the API takes it, go.
    pub(crate) fn at(&self, time: &str) -> Url {
        let mut url = self.endpoint.clone();
        url.query_pairs_mut().append_pair("time", time);
        url
    }

    /// Sends `query` to `at` once. Has no timeout but the one for connecting.
    pub(crate) async fn ask(&self, at: &Url, query: &str) -> Attempt {
        let mut url = at.clone();
        url.query_pairs_mut().append_pair("query", query);
        match self.fetch(url).await {
            Ok((status, body)) => self.judge(status, &body),
            Err(attempt) => attempt,
        }
    }

    /// Gets `path` of the API, such as `label/job/values`, with `parameters`, once: the body of an answer that went
    /// well. Has no timeout but the one for connecting.
    ///
    /// Fails with [`MissingReason::QueryError`] where the server refuses the request, and where it answers too much.
    pub(crate) async fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Result<Vec<u8>, Failure> {
        let mut url = self.endpoint.clone();
        let root = url.path().trim_end_matches("query").to_owned();
        url.set_path(&format!("{root}{path}"));
        url.query_pairs_mut().extend_pairs(parameters);
        match self.fetch(url).await {
            Ok((status, body)) if status.is_success() => Ok(body),
            Ok((status, body)) => self.judge(status, &body).outcome.map(|_| body),
            Err(attempt) => attempt.outcome.map(|_| Vec::new()),
        }
    }

    /// The base address, free of credentials, for messages.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Sends a request: the status and the body of the answer, or what became of the attempt without one.
    async fn fetch(&self, url: Url) -> Result<(StatusCode, Vec<u8>), Attempt> {
        let mut response = match self.client.execute(Request::new(Method::GET, url)).await {
            Ok(response) => response,
            Err(error) => return Err(self.broken(&error)),
        };
        let status = response.status();
        if status.is_redirection() {
            return Err(self.redirected(&response));
        }
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > BODY_LIMIT => return Err(self.too_long()),
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok((status, body)),
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    /// What an answer says about the value that was asked for.
    fn judge(&self, status: StatusCode, body: &[u8]) -> Attempt {
        let mut outcome = answer::read(status.as_u16(), body, &self.address);
        let again = match &mut outcome {
            Err(failure) if failure.reason == MissingReason::Login => {
                failure.message.push_str(&self.login_hint());
                false
            }
            Err(failure) if failure.reason == MissingReason::Transport => {
                status.is_server_error() || matches!(status.as_u16(), 408 | 429)
            }
            _ => false,
        };
        Attempt { outcome, reach: Reach::Answered, again }
    }

    fn broken(&self, error: &reqwest::Error) -> Attempt {
        let Self { address, variables, .. } = self;
        let Trouble { reason, text, reach, again } = trouble(error, variables);
        let what = if reach == Reach::Unreachable { "cannot connect to" } else { "lost the connection to" };
        Attempt { outcome: Err(Failure::new(reason, format!("{what} {address}: {text}"))), reach, again }
    }

    fn redirected(&self, response: &Response) -> Attempt {
        let target = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        let target = target.and_then(|location| self.endpoint.join(location).ok());
        let target = match target {
            // The origin alone: the rest of the address may hold a ticket of a login page.
            Some(url) => url.origin().ascii_serialization(),
            None => "nowhere".to_owned(),
        };
        let message = format!(
            "{} redirects to {target}: name the server itself, redirects to other servers are not followed",
            self.address
        );
        settled(MissingReason::Transport, message)
    }

    fn too_long(&self) -> Attempt {
        let message = format!("{} answered more than 8 MiB: aggregate the query to one series", self.address);
        settled(MissingReason::QueryError, message)
    }

    fn login_hint(&self) -> String {
        let variables = &self.variables;
        if self.anonymous {
            format!(": set {variables}_USER and {variables}_PASSWORD, or {variables}_TOKEN")
        } else {
            format!(": check the variables {variables}_…")
        }
    }
}

impl fmt::Debug for PrometheusSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("PrometheusSource").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What the server answered and would answer again.
fn settled(reason: MissingReason, message: String) -> Attempt {
    Attempt { outcome: Err(Failure::new(reason, message)), reach: Reach::Answered, again: false }
}

/// Follows redirects within the same server only: the login is meant for that one.
fn stay(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let first = attempt.previous().first().map(Url::origin);
    if first == Some(attempt.url().origin()) && attempt.previous().len() <= REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// The header that logs in.
fn login(login: &Login, variables: &str) -> Result<Option<HeaderValue>, ClientError> {
    let (text, variable) = match login {
        Login::Anonymous => return Ok(None),
        Login::Bearer(token) => (Secret::new(format!("Bearer {}", token.expose())), "TOKEN"),
        Login::Basic { user, .. } if user.contains(':') => {
            let variable = format!("{variables}_USER");
            return Err(ClientError::Unsendable { variable, what: "a colon, which basic authentication cannot send" });
        }
        Login::Basic { user, password } => {
            let pair = Secret::new(format!("{user}:{}", password.expose()));
            (Secret::new(format!("Basic {}", STANDARD.encode(pair.expose()))), "PASSWORD")
        }
    };
    let mut value = HeaderValue::from_str(text.expose()).map_err(|_| ClientError::Unsendable {
        variable: format!("{variables}_{variable}"),
        what: "characters that an HTTP header cannot carry, for instance a line break",
    })?;
    value.set_sensitive(true);
    Ok(Some(value))
}
/// Whether an address is on this machine.
fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
