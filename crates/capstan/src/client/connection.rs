//! A server as commands see it: requests with the token, and answers that are read.

use std::time::Duration;

use capstan_tools::sli::Secret;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::arguments::{Origin, ServerArgs};
use super::error::{ClientError, Problem};
use super::tls;
use crate::failure::Failure;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(30);
/// How long to wait before each further try.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(300), Duration::from_millis(600)];
/// The longest that a busy server is waited for before each further try, whatever it asks for.
const BUSY: Duration = Duration::from_secs(2);

/// A server, and what lets us in.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    http: Client,
    base: Url,
    /// Where the token came from; none where there is none.
    token: Option<String>,
}

/// What a server answered: as it came, for programs, and as it is read here.
#[derive(Debug, Clone)]
pub(crate) struct Document<T> {
    /// As it came.
    pub(crate) raw: Value,
    /// As it is read.
    pub(crate) read: T,
}

impl<T: DeserializeOwned> Document<T> {
    pub(super) fn of(raw: Value) -> Result<Self, ClientError> {
        let read = T::deserialize(&raw)
            .map_err(|error| ClientError::Stranger { does: format!("its answer cannot be read: {error}") })?;
        Ok(Self { raw, read })
    }
}

/// Whether a request may be sent again where nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It does nothing twice.
    Harmless,
    /// It might.
    Never,
}

impl Connection {
    /// A connection to the server that the arguments and the environment name. Nothing is sent yet.
    pub(crate) fn open(args: &ServerArgs) -> Result<Self, Failure> {
        let (text, origin) = args.address();
        let base = address(&text, origin)?;
        Self::to(base, args.token()?)
    }

    /// A connection to this server with this token, of which is said where it came from.
    fn to(base: Url, token: Option<(Secret, String)>) -> Result<Self, Failure> {
        let mut headers = HeaderMap::new();
        if let Some((secret, from)) = &token {
            let mut value = HeaderValue::from_str(secret.expose()).map_err(|_| {
                Failure::with_help(
                    format!("the token from {from} holds signs that cannot be sent"),
                    "a token is letters, digits and signs of ASCII, on one line",
                )
            })?;
            value.set_sensitive(true);
            headers.insert("x-token", value);
        }
        let mut builder = Client::builder();
        if is_loopback(&base) {
            // A proxy has a loopback of its own; through it another machine would be asked.
            builder = builder.no_proxy();
        }
        let http = builder
            .tls_backend_preconfigured(tls::config(base.scheme() == "https")?)
            .http1_only()
            .default_headers(headers)
            .user_agent(concat!("capstan/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            // The token is meant for this server alone.
            .redirect(redirect::Policy::none())
            .build()
            .map_err(|error| Failure::plain(format!("HTTP cannot be set up: {error}")))?;
        Ok(Self { http, base, token: token.map(|(_, from)| from) })
    }

    /// Where the server is, for messages.
    pub(crate) fn address(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The failure that an error is for the one who typed the command.
    pub(crate) fn failure(&self, error: ClientError) -> Failure {
        error.failure(self.address())
    }

    /// Gets a document of Capstan's own API; `path` is given piece by piece below `/api/capstan/v1`.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> Result<Document<T>, ClientError> {
        self.ask(self.http.get(self.own(path, query)).timeout(ANSWER), Repeat::Harmless).await
    }

    /// Posts to Capstan's own API.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &Value,
        repeat: Repeat,
    ) -> Result<Document<T>, ClientError> {
        self.ask(self.to_post(path, body), repeat).await
    }

    /// Changes something in Capstan's own API; to say the same twice is to say it once.
    pub(crate) async fn patch<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: &Value,
    ) -> Result<Document<T>, ClientError> {
        self.ask(self.http.patch(self.own(path, &[])).timeout(ANSWER).json(body), Repeat::Harmless).await
    }

    /// Deletes in Capstan's own API.
    pub(crate) async fn delete(&self, path: &[&str]) -> Result<Document<Value>, ClientError> {
        self.ask(self.http.request(Method::DELETE, self.own(path, &[])).timeout(ANSWER), Repeat::Never).await
    }

    /// What is to be posted to Capstan's own API, for those who add to it.
    pub(super) fn to_post(&self, path: &[&str], body: &Value) -> RequestBuilder {
        self.http.post(self.own(path, &[])).timeout(ANSWER).json(body)
    }

    /// Opens a stream of events: the answer without its body, which goes on for as long as it likes.
    pub(super) async fn open_stream(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        last_event_id: Option<&str>,
    ) -> Result<Response, ClientError> {
        let mut request = self.http.get(self.own(path, query)).header(ACCEPT, "text/event-stream");
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = tokio::time::timeout(ANSWER, request.send())
            .await
            .map_err(|_| ClientError::Unreachable { cause: "no answer within 30 seconds".to_owned(), sent: true })?
            .map_err(|error| ClientError::of(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(self.refusal(response).await) }
    }

    /// Sends a request, and again where that can do no harm; reads the answer.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        repeat: Repeat,
    ) -> Result<Document<T>, ClientError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let Some(again) = request.try_clone() else { return self.once(request).await };
            let error = match self.once(again).await {
                Ok(document) => return Ok(document),
                Err(error) => error,
            };
            let pause = match &error {
                ClientError::Busy { after, .. } => Duration::from_secs(*after).min(BUSY),
                ClientError::Unreachable { .. } => Duration::ZERO,
                _ => return Err(error),
            };
            match pauses.next() {
                Some(least) if repeat == Repeat::Harmless => tokio::time::sleep(pause.max(least)).await,
                _ => return Err(error),
            }
        }
    }

    async fn once<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Document<T>, ClientError> {
        let response = request.send().await.map_err(|error| ClientError::of(&error))?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        let body = response.bytes().await.map_err(|error| ClientError::of(&error))?;
        let raw: Value = serde_json::from_slice(&body)
            .map_err(|_| ClientError::Stranger { does: "it answers with something that is not JSON".to_owned() })?;
        Document::of(raw)
    }

    /// What an answer that is no success means.
    async fn refusal(&self, response: Response) -> ClientError {
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let to = to.and_then(|location| self.base.join(location).ok());
            let to = to.map_or_else(|| "nowhere".to_owned(), |url| url.origin().ascii_serialization());
            return ClientError::Stranger { does: format!("it redirects to {to}") };
        }
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = response.bytes().await.unwrap_or_default();
        let problem = serde_json::from_slice::<Problem>(&body).ok().filter(|problem| !problem.message.is_empty());
        match (status, problem) {
            (StatusCode::UNAUTHORIZED, _) => ClientError::Unauthorized { token: self.token.clone() },
            (StatusCode::SERVICE_UNAVAILABLE, problem) => ClientError::Busy {
                message: problem.map_or_else(|| "it gives no reason".to_owned(), |problem| problem.message),
                after: after.unwrap_or(1),
            },
            // As v1 says it of a path that it does not have: the address is wrong, or the server older than the command.
            (StatusCode::NOT_FOUND, Some(problem)) if problem.message.starts_with("path /") => {
                ClientError::Stranger { does: format!("it says '{}'", problem.message) }
            }
            (status, Some(problem)) => ClientError::Refused(Problem { status: status.as_u16(), ..problem }),
            (status, None) => {
                ClientError::Stranger { does: format!("it answers with HTTP {} and nothing of ours", status.as_u16()) }
            }
        }
    }

    fn own(&self, path: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.base.clone();
        // A base that takes no path is refused where it is read.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["api", "capstan", "v1"]).extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }
}

/// Reads the address of a server. What is wrong with it is told without repeating a password that stands in it.
fn address(text: &str, origin: Origin) -> Result<Url, Failure> {
    let named = match origin {
        Origin::Flag => "--server",
        Origin::Variable => "CAPSTAN_SERVER",
        Origin::Default => "the default",
    };
    let help = "write it as http://localhost:8080 or https://capstan.example.com";
    let shown = match text.rsplit_once('@') {
        Some((_, host)) => format!("***@{host}"),
        None => text.to_owned(),
    };
    let wrong = |why: &str| Failure::with_help(format!("'{shown}' in {named} is no address of a server: {why}"), help);
    let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong("it does not begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it holds a user or a password; the token comes from CAPSTAN_TOKEN or --token-file"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Whether an address is on this machine.
fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
pub(in crate::client) mod tests;
