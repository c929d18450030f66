//! Runs as traces: a server that tells them to a receiver of OTLP of the test's own, which decodes the protobuf.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode as Code};
use prost::Message as _;
use serde_json::{Value, json};

use crate::prometheus_server::{eventually, free_port};
use crate::server::Server;

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: build
              retry: {attempts: 2}
            - name: check
";

const CAUSE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// What a receiver has got.
#[derive(Default)]
struct Got {
    spans: Vec<Span>,
    /// Of the last request.
    headers: HeaderMap,
    /// Answers that are still to be refusals.
    refusals: u32,
    refused: u32,
}

/// A receiver on loopback, for one test.
struct Receiver {
    got: Arc<Mutex<Got>>,
    port: u16,
    _runtime: tokio::runtime::Runtime,
}

impl Receiver {
    fn start(port: u16, refusals: u32) -> Self {
        let got = Arc::new(Mutex::new(Got { refusals, ..Got::default() }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let routes = axum::Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&got));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, routes).await.unwrap();
        });
        Self { got, port, _runtime: runtime }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The spans of a run once its own is there, by name and attempt. What came twice was the same twice.
    fn trace(&self, context: &str) -> BTreeMap<String, Span> {
        let trace = context.replace('-', "");
        eventually("the span of the run", || {
            let got = self.got.lock().unwrap_or_else(PoisonError::into_inner);
            let mut spans = BTreeMap::new();
            for span in got.spans.iter().filter(|span| hex(&span.trace_id) == trace) {
                let name = format!("{}{}", span.name, text(&span.attributes, "capstan.attempt"));
                if let Some(twice) = spans.insert(name, span.clone()) {
                    assert_eq!(&twice, span);
                }
            }
            spans.contains_key("delivery").then_some(spans)
        })
    }
}

async fn take(State(got): State<Arc<Mutex<Got>>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut got = got.lock().unwrap_or_else(PoisonError::into_inner);
    if got.refusals > 0 {
        got.refusals -= 1;
        got.refused += 1;
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    for resource in request.resource_spans {
        assert_eq!(text(&resource.resource.unwrap().attributes, "service.name"), "capstan");
        got.spans.extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
    }
    got.headers = headers;
    StatusCode::OK
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The value of an attribute; empty where there is none.
fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()?.value) {
        Some(Any::StringValue(text)) => text,
        Some(Any::IntValue(number)) => number.to_string(),
        None => String::new(),
        other => panic!("{key} is {other:?}"),
    }
}

fn serve(endpoint: &str) -> Server {
    let server =
        Server::prepare().flag("--otlp-endpoint", endpoint).env("CAPSTAN_OTLP_HEADERS", "x-scope=a%20b").start();
    let body = json!({ "name": "shop", "shipyard": SHIPYARD });
    server.post("/api/capstan/v1/projects", &body).expect(201);
    server
}

fn trigger(server: &Server) -> String {
    let event = json!({
        "specversion": "1.0", "id": uuid::Uuid::now_v7().to_string(), "source": "ci", "traceparent": CAUSE,
        "type": "sh.keptn.event.dev.delivery.triggered",
        "data": { "project": "shop", "stage": "dev", "service": "cart" }
    });
    server.post("/api/capstan/v1/events", &event).expect(200).json()["context"].as_str().unwrap().to_owned()
}

fn claim(server: &Server, task: &str) -> Value {
    let body = json!({ "tool": "ci", "tasks": [task], "wait_seconds": 20 });
    server.post("/api/capstan/v1/claims", &body).expect(200).json()["claims"][0].clone()
}

fn answer(server: &Server, claim: &Value, result: &str) {
    let path = format!("/api/capstan/v1/claims/{}/answer", claim["lease"].as_str().unwrap());
    server.post(&path, &json!({ "result": result, "message": format!("it was a {result}") })).expect(200);
}

/// A run whose first task fails once and whose second one fails for good; the claims of all attempts.
fn play(server: &Server, between: impl Fn()) -> (String, [Value; 3]) {
    let context = trigger(server);
    let first = claim(server, "build");
    answer(server, &first, "fail");
    let second = claim(server, "build");
    between();
    answer(server, &second, "pass");
    let third = claim(server, "check");
    answer(server, &third, "fail");
    (context, [first, second, third])
}

/// The tree of such a run, with its times and what came of each part.
fn check(spans: &BTreeMap<String, Span>, claims: &[Value; 3]) {
    let names: Vec<_> = spans.keys().map(String::as_str).collect();
    assert_eq!(names, ["build1", "build2", "check1", "delivery", "dev.delivery"]);
    let [run, sequence] = [&spans["delivery"], &spans["dev.delivery"]];
    assert!(run.parent_span_id.is_empty());
    assert_eq!(sequence.parent_span_id, run.span_id);
    let [link] = &run.links[..] else { panic!("{run:?}") };
    assert_eq!(format!("00-{}-{}-01", hex(&link.trace_id), hex(&link.span_id)), CAUSE);
    for (attempt, claim) in ["build1", "build2", "check1"].into_iter().zip(claims) {
        let span = &spans[attempt];
        assert_eq!(span.parent_span_id, sequence.span_id);
        let parent = format!("00-{}-{}-01", hex(&span.trace_id), hex(&span.span_id));
        assert_eq!(claim["traceparent"], parent);
        assert_eq!(text(&span.attributes, "capstan.triggered_id"), claim["triggered_id"].as_str().unwrap());
        let events: Vec<_> = span.events.iter().map(|event| &*event.name).collect();
        assert_eq!((events, text(&span.attributes, "capstan.tool")), (vec!["started", "answered"], "ci".to_owned()));
    }
    let outcome = |name: &str| {
        let status = spans[name].status.clone().unwrap();
        (status.code(), status.message)
    };
    let failed = "answered with result 'fail' and status 'succeeded': it was a fail".to_owned();
    assert_eq!(outcome("build1"), (Code::Error, failed));
    assert_eq!(outcome("build2"), (Code::Ok, String::new()));
    assert_eq!(outcome("check1"), (Code::Error, "it was a fail".to_owned()));
    assert_eq!(outcome("dev.delivery").0, Code::Error);
    assert_eq!(outcome("delivery").0, Code::Error);
    assert_eq!(text(&run.attributes, "capstan.result"), "fail");
    let times = |name: &str| (spans[name].start_time_unix_nano, spans[name].end_time_unix_nano);
    let order = [times("delivery").0, times("build1").0, times("build1").1, times("build2").1, times("check1").1];
    assert!(order.is_sorted() && order[0] > 0, "{order:?}");
    assert_eq!(times("check1").1, times("delivery").1, "the run ends with its last task");
}

#[test]
fn a_run_is_a_trace_and_each_attempt_of_a_task_a_span() {
    let receiver = Receiver::start(0, 0);
    let server = serve(&receiver.url());
    let (context, claims) = play(&server, || {});
    check(&receiver.trace(&context), &claims);
    let got = receiver.got.lock().unwrap();
    assert_eq!(got.headers["content-type"], "application/x-protobuf");
    assert_eq!(got.headers["x-scope"], "a b");
    // v1's tools are told as well.
    let path = format!("/api/mongodb-datastore/event?keptnContext={context}&type=sh.keptn.event.check.triggered");
    assert_eq!(server.get(&path).expect(200).json()["events"][0]["traceparent"], claims[2]["traceparent"]);
}

#[test]
fn a_restart_neither_loses_spans_nor_tells_them_otherwise() {
    let receiver = Receiver::start(0, 0);
    let server = serve(&receiver.url());
    let (before, claims_before) = play(&server, || {});
    let told = receiver.trace(&before);
    let (context, claims) = play(&server, || {
        server.kill9();
        server.restart();
    });
    check(&receiver.trace(&context), &claims);
    assert_eq!(receiver.trace(&before), told);
    check(&told, &claims_before);
}

#[test]
fn what_a_receiver_missed_it_gets_when_it_is_back() {
    let port = free_port();
    let server = serve(&format!("http://127.0.0.1:{port}"));
    let (context, claims) = play(&server, || {});
    eventually("the server to say that nobody is there", || {
        server.log().contains("the receiver of traces does not take any").then_some(())
    });
    assert!(server.log().contains(&format!("http://127.0.0.1:{port}/v1/traces")), "{}", server.log());
    let receiver = Receiver::start(port, 2);
    check(&receiver.trace(&context), &claims);
    assert_eq!(receiver.got.lock().unwrap().refused, 2, "it was busy at first");
}

#[test]
fn an_address_where_nothing_receives_traces_is_told_of() {
    let receiver = Receiver::start(0, 0);
    let server = serve(&format!("{}/elsewhere", receiver.url()));
    play(&server, || {});
    eventually("the server to say that nothing is there", || {
        server.log().contains("check otlp.endpoint, to which /v1/traces is added").then_some(())
    });
    let log = server.log();
    assert!(log.contains("/elsewhere/v1/traces") && log.contains("it answered with 404 Not Found"), "{log}");
}

#[test]
fn headers_for_no_receiver_are_told_of() {
    let server = Server::prepare().env("CAPSTAN_OTLP_HEADERS", "x-scope=secret").start();
    let log = server.log();
    assert!(log.contains("CAPSTAN_OTLP_HEADERS is given, and no otlp.endpoint"), "{log}");
    assert!(!log.contains("secret"), "{log}");
}

#[test]
fn without_a_receiver_events_are_those_of_v1() {
    let server = Server::start();
    server.post("/api/capstan/v1/projects", &json!({ "name": "shop", "shipyard": SHIPYARD })).expect(201);
    let context = trigger(&server);
    let claimed = claim(&server, "build");
    let trace = format!("00-{}-", context.replace('-', ""));
    assert!(claimed["traceparent"].as_str().unwrap().starts_with(&trace), "{claimed}");
    for path in ["/api/controlPlane/v1/event/triggered/sh.keptn.event.build.triggered", "/api/mongodb-datastore/event"]
    {
        let events = server.get(&format!("{path}?keptnContext={context}")).expect(200).json();
        assert_eq!(events["events"][0].get("traceparent"), None, "{events}");
    }
}
