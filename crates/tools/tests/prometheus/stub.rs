//! A server that answers like Prometheus, and a few things to ask it with.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::{HeaderMap, Method, Request, Response, Uri};
use capstan_tools::sli::{Answer, Indicator, Limits, Scope, Source, collect};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What a request looked like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The other end of the connection.
    pub(crate) peer: SocketAddr,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) time: String,
    pub(crate) authorization: Option<String>,
    /// Which request it is, counted from 0.
    pub(crate) number: usize,
}

/// What is answered.
pub(crate) enum Reply {
    /// A vector with one sample of this value.
    Value(&'static str),
    /// Status, content type and body.
    Raw(u16, &'static str, String),
    /// A redirect to this place.
    Redirect(String),
    /// What `Value` is, behind a wait.
    Late(Duration, &'static str),
    /// Nothing at all.
    Never,
}

type Script = dyn Fn(&Seen) -> Reply + Send + Sync;

struct Log {
    script: Box<Script>,
    seen: Mutex<Vec<Seen>>,
    in_flight: AtomicUsize,
    widest: AtomicUsize,
}

/// The server; it goes away with this.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    log: Arc<Log>,
    server: JoinHandle<()>,
}

impl Stub {
    pub(crate) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let log = Arc::new(Log {
            script: Box::new(script),
            seen: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            widest: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&log));
        let router = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, log, server }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }

    /// How many requests there were at the same time.
    pub(crate) fn widest(&self) -> usize {
        self.log.widest.load(Ordering::SeqCst)
    }

    pub(crate) fn source(&self) -> Source {
        open(&format!("p=http://{}", self.address), &[]).unwrap()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Counts a request as long as it lasts, also where the other side gives up.
struct Passing(Arc<Log>);

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn answer(
    State(log): State<Arc<Log>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(raw): RawQuery,
    request: Request<Body>,
) -> Response<Body> {
    let now = log.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
    log.widest.fetch_max(now, Ordering::SeqCst);
    let passing = Passing(Arc::clone(&log));
    let parameters: BTreeMap<String, String> =
        url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect();
    let seen = {
        let mut all = log.seen.lock().unwrap();
        let seen = see(peer, request.uri(), request.headers(), &parameters, all.len());
        all.push(seen.clone());
        seen
    };
    if let Some(refusal) = refusal(request.method(), &parameters) {
        return refusal;
    }
    let reply = (log.script)(&seen);
    let response = match reply {
        Reply::Value(value) => vector(value),
        Reply::Raw(status, kind, body) => {
            Response::builder().status(status).header("content-type", kind).body(Body::from(body)).unwrap()
        }
        Reply::Redirect(place) => {
            Response::builder().status(302).header("location", place).body(Body::empty()).unwrap()
        }
        Reply::Late(wait, value) => {
            tokio::time::sleep(wait).await;
            vector(value)
        }
        Reply::Never => std::future::pending().await,
    };
    drop(passing);
    response
}

fn see(peer: SocketAddr, uri: &Uri, headers: &HeaderMap, parameters: &BTreeMap<String, String>, number: usize) -> Seen {
    let parameter = |name: &str| parameters.get(name).cloned().unwrap_or_default();
    Seen {
        peer,
        path: uri.path().to_owned(),
        query: parameter("query"),
        time: parameter("time"),
        authorization: headers.get("authorization").map(|value| value.to_str().unwrap().to_owned()),
        number,
    }
}

fn vector(value: &str) -> Response<Body> {
    let body = format!(
        r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{}},"value":[1704208200,"{value}"]}}]}}}}"#
    );
    Response::builder().header("content-type", "application/json").body(Body::from(body)).unwrap()
}

/// Refuses what Prometheus refuses.
fn refusal(method: &Method, parameters: &BTreeMap<String, String>) -> Option<Response<Body>> {
    let refuse = |status: u16, text: &str| {
        let error = serde_json::json!({"status": "error", "errorType": "bad_data", "error": text});
        Response::builder().status(status).body(Body::from(error.to_string())).unwrap()
    };
    if *method != Method::GET && *method != Method::POST {
        return Some(Response::builder().status(405).body(Body::empty()).unwrap());
    }
    if let Some(time) = parameters.get("time")
        && time.parse::<f64>().is_err()
        && time.parse::<jiff::Timestamp>().is_err()
    {
        let text = format!("invalid parameter \"time\": cannot parse \"{time}\" to a valid timestamp");
        return Some(refuse(400, &text));
    }
    match parameters.get("query") {
        Some(query) if !query.is_empty() => None,
        _ => Some(refuse(
            400,
            "invalid parameter \"query\": unknown position: parse error: no expression found in input",
        )),
    }
}

/// An address on which nobody listens.
pub(crate) async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

pub(crate) fn open(spec: &str, env: &[(&str, &str)]) -> Result<Source, String> {
    let env = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Source::open(&spec.parse().unwrap(), &env).map_err(|error| error.to_string())
}

pub(crate) fn scope() -> Scope {
    Scope {
        project: "sockshop".to_owned(),
        stage: "staging".to_owned(),
        service: "carts".to_owned(),
        deployment: None,
        labels: BTreeMap::new(),
        filters: BTreeMap::new(),
        start: "2024-01-02T15:00:00Z".parse().unwrap(),
        end: "2024-01-02T15:10:00.5Z".parse().unwrap(),
    }
}

/// Indicators `i0`, `i1`, … of the source `p`, each with a query of its own.
pub(crate) fn indicators(count: usize) -> Vec<Indicator> {
    (0..count).map(|index| indicator(&format!("i{index}"), &format!("metric_{index}"))).collect()
}

pub(crate) fn indicator(name: &str, query: &str) -> Indicator {
    Indicator { name: name.to_owned(), query: Some(query.to_owned()), source: "p".to_owned() }
}

/// Asks the one source `p`.
pub(crate) async fn ask(source: Source, indicators: &[Indicator], limits: &Limits) -> Vec<Answer> {
    let sources = BTreeMap::from([("p".to_owned(), source)]);
    collect(&sources, indicators, &scope(), limits, &|_| {}).await
}
