//! `/metrics`: what is counted, under which names, and who may see it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may stop where it stands, and wait")]

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use support::{TOKEN, TestServer};

/// A page of metrics: each series with its value.
struct Page {
    text: String,
    series: BTreeMap<String, f64>,
}

impl Page {
    fn of(server: &TestServer) -> Self {
        let answer = server.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let text = answer.text();
        let series = text.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            (series.to_owned(), value.parse().unwrap())
        });
        Self { series: series.collect(), text }
    }

    /// 0 where it is not there.
    fn value(&self, series: &str) -> f64 {
        self.series.get(&format!("capstan_{series}")).copied().unwrap_or_default()
    }

    /// Name, type, labels and help of each, as a row of the table for operators.
    fn rows(&self) -> Vec<String> {
        let described = |word: &str| -> BTreeMap<String, String> {
            let lines = self.text.lines().filter_map(|line| line.strip_prefix(word)?.split_once(' '));
            lines.map(|(name, rest)| (name.to_owned(), rest.to_owned())).collect()
        };
        let (help, types) = (described("# HELP "), described("# TYPE "));
        let labels = |name: &str| {
            let series = self.series.keys().find(|series| {
                let plain = series.split('{').next().unwrap();
                plain == name || plain.strip_suffix("_count") == Some(name)
            });
            let (_, labels) = series.unwrap().split_once('{').unwrap_or_default();
            let names = labels.split(',').filter_map(|label| Some(format!("`{}`", label.split_once('=')?.0)));
            names.collect::<Vec<_>>().join(", ")
        };
        let row = |(name, kind): (&String, &String)| {
            let help = help[name].strip_suffix('.').unwrap();
            format!("| `{name}` | {kind} | {} | {help} |", labels(name))
        };
        types.iter().map(row).collect()
    }
}

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
spec: {stages: [{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}]}
";

/// A server with three runs: one is over, one waits for a tool, one for its turn.
fn busy() -> TestServer {
    let server = TestServer::start();
    server.with_shipyard("p", SHIPYARD);
    let trigger = || server.send("dev.delivery.triggered", "p", "dev", &json!({ "service": "svc" }));
    let context = trigger();
    server.answer("build", "p", "dev", &context, "pass");
    trigger();
    trigger();
    server
}

#[test]
fn the_names_are_as_pinned_and_the_page_for_operators_lists_them() {
    let rows = Page::of(&busy()).rows();
    insta::assert_snapshot!(rows.join("\n"));
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operation.md");
    let page = std::fs::read_to_string(page).unwrap();
    let listed: Vec<&str> = page.lines().filter(|line| line.starts_with("| `capstan_")).collect();
    let exposed: Vec<&str> = rows.iter().map(String::as_str).filter(|row| row.starts_with("| `capstan_")).collect();
    assert_eq!(listed, exposed, "the table of docs/operation.md is to be these lines, in this order");
}

#[test]
fn what_happens_is_counted() {
    let server = busy();
    let page = Page::of(&server);
    for (series, value) in [
        ("events_total{origin=\"outside\"}", 5.0),
        ("sequences_triggered_total", 3.0),
        ("sequences_ended_total{result=\"pass\"}", 1.0),
        ("sequences_ended_total{result=\"fail\"}", 0.0),
        ("tasks_offered_total", 2.0),
        ("tasks_started_total{by=\"event\"}", 1.0),
        ("tasks_answered_total", 1.0),
        ("tasks_ended_total{end=\"answered\"}", 1.0),
        ("writer_commands_total{command=\"ingest\",outcome=\"done\"}", 5.0),
        ("writer_commands_total{command=\"create_project\",outcome=\"done\"}", 1.0),
        ("runs_open", 2.0),
        ("sequences_open{state=\"started\"}", 1.0),
        ("sequences_open{state=\"triggered\"}", 1.0),
        ("waiting{reason=\"tool to start\"}", 1.0),
        ("waiting{reason=\"slot\"}", 1.0),
        ("slot_queue_depth_max", 1.0),
        ("tasks_open{task=\"build\",state=\"free\"}", 1.0),
        ("writer_queue_depth", 0.0),
        ("store_writable", 1.0),
        ("build_info{version=\"0.0.0\"}", 1.0),
    ] {
        assert_eq!(page.value(series), value, "{series}\n{}", page.text);
    }
    let commits = page.value("writer_commit_seconds_count");
    assert!(commits >= 6.0 && commits == page.value("writer_batch_commands_count"), "{}", page.text);
    assert_eq!(commits, page.value("writer_batch_work_seconds_count"));
    // The same event again is answered and not stored again; what answers nothing changes nothing.
    server.send("build.finished", "p", "dev", &json!({ "shkeptncontext": "c", "triggeredid": "nobody" }));
    let body = json!({ "tool": "t", "tasks": ["build"], "wait_seconds": 0 });
    let claimed = server.post("/api/capstan/v1/claims", &body).json();
    let lease = claimed["claims"][0]["lease"].as_str().unwrap();
    assert_eq!(server.post(&format!("/api/capstan/v1/claims/{lease}/release"), &json!({})).status, 200);
    assert_eq!(server.post(&format!("/api/capstan/v1/claims/{lease}/heartbeat"), &json!({})).status, 409);
    let page = Page::of(&server);
    for (series, value) in [
        ("events_ignored_total", 1.0),
        ("tasks_started_total{by=\"claim\"}", 1.0),
        ("leases_released_total", 1.0),
        ("writer_commands_total{command=\"heartbeat\",outcome=\"refused\"}", 1.0),
        ("waiting{reason=\"tool to start\"}", 1.0),
        ("waiting{reason=\"tool to finish\"}", 0.0),
    ] {
        assert_eq!(page.value(series), value, "{series}\n{}", page.text);
    }
}

#[test]
fn requests_are_counted_by_route_whoever_answers_them() {
    let server = busy();
    server.get("/api/capstan/v1/projects/p");
    server.get("/api/capstan/v1/projects/q");
    server.get("/api/capstan/v1/nothing");
    server.request("GET", "/api/capstan/v1/projects/p", None, Some("wrong"), &[]);
    server.request("BREW", "/api/capstan/v1/projects", None, Some(TOKEN), &[]);
    let page = Page::of(&server);
    let requests = |method: &str, route: &str, status: &str| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        page.value(&format!("http_requests_total{{{labels}}}"))
    };
    assert_eq!(requests("GET", "/api/capstan/v1/projects/{project}", "2xx"), 1.0, "{}", page.text);
    assert_eq!(requests("GET", "/api/capstan/v1/projects/{project}", "4xx"), 1.0, "{}", page.text);
    assert_eq!(requests("GET", "", "4xx"), 2.0, "{}", page.text);
    assert_eq!(requests("other", "/api/capstan/v1/projects", "4xx"), 1.0, "{}", page.text);
    let labels = "method=\"GET\",route=\"/api/capstan/v1/projects/{project}\"";
    assert_eq!(page.value(&format!("http_request_duration_seconds_count{{{labels}}}")), 2.0, "{}", page.text);
}

/// Waits until a series has a value.
fn eventually(server: &TestServer, series: &str, value: f64) {
    let begun = Instant::now();
    while Page::of(server).value(series) != value {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain for {series} to be {value}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn who_waits_and_who_follows_is_counted_for_as_long_as_they_do() {
    let server = TestServer::start();
    server.with_project("p");
    let following = server.follow("", None);
    eventually(&server, "http_streams_open", 1.0);
    drop(following);
    eventually(&server, "http_streams_open", 0.0);
    server.leave("/api/capstan/v1/claims", &json!({ "tool": "t", "tasks": ["build"], "wait_seconds": 20 }));
    eventually(&server, "claims_waiting", 1.0);
    server.send("dev.delivery.triggered", "p", "dev", &json!({ "service": "svc" }));
    eventually(&server, "claims_waiting", 0.0);
    eventually(&server, "waiting{reason=\"tool to finish\"}", 1.0);
}

#[test]
fn a_writer_that_stands_still_is_seen() {
    let server = TestServer::stuck();
    let path = "/api/v1/event";
    let event =
        json!({ "specversion": "1.0", "type": "sh.keptn.event.a.b", "source": "s", "data": { "project": "p" } });
    server.leave(path, &event);
    eventually(&server, "writer_queue_depth", 1.0);
    assert_eq!(server.post(path, &event).status, 503);
    let page = Page::of(&server);
    assert_eq!((page.value("writer_queue_depth"), page.value("writer_queue_refused_total")), (1.0, 1.0));
}

#[test]
fn metrics_need_the_token_in_either_header() {
    let server = TestServer::start();
    let ask = |path: &str, name: &str, value: &str| server.request("GET", path, None, None, &[(name, value)]);
    for (name, value) in [("x-token", TOKEN), ("authorization", &format!("Bearer {TOKEN}"))] {
        assert_eq!(ask("/metrics", name, value).status, 200, "{name}");
    }
    for value in ["Bearer wrong", "Bearer ", "Bearer", &format!("Basic {TOKEN}"), TOKEN] {
        assert_eq!(ask("/metrics", "authorization", value).status, 401, "{value}");
    }
    let message = server.request("GET", "/metrics", None, None, &[]).message();
    assert_eq!(
        message,
        "the token of the API is missing; send it as 'Authorization: Bearer TOKEN' or as 'x-token: TOKEN'"
    );
    // All else is as it was.
    assert_eq!(ask("/api/capstan/v1/projects", "authorization", &format!("Bearer {TOKEN}")).status, 401);
    let answer = ask("/metrics", "x-token", TOKEN);
    assert!(!answer.text().contains("# EOF"));
    let headers = [("accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")];
    let open = server.request("GET", "/metrics", None, Some(TOKEN), &headers);
    assert!(open.text().ends_with("# EOF\n") && open.text().contains("# TYPE capstan_events counter\n"));
}
