//! What a server says of itself to those who watch it: a real Prometheus that scrapes it as the documentation says.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::prometheus_server::{Prometheus, executable};
use crate::server::Server;
use crate::support::{Ran, Workplace, repository};

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
spec: {stages: [{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}]}
";

/// The block of the page that begins with this.
fn documented(beginning: &str) -> String {
    let page = std::fs::read_to_string(repository().join("docs/operation.md")).unwrap();
    let at = page.find(beginning).unwrap();
    page[at..].split("```").next().unwrap().to_owned()
}

#[test]
fn prometheus_scrapes_a_server_as_documented_and_counts_what_was_sent() {
    let Some(executable) = executable("a real Prometheus that scrapes the server") else { return };
    let server = Server::start();
    let body = json!({ "name": "shop", "shipyard": SHIPYARD });
    server.post("/api/capstan/v1/projects", &body).expect(201);
    for n in 0..7 {
        let data = json!({ "project": "shop", "stage": "dev", "service": format!("cart-{n}") });
        let event = json!({ "specversion": "1.0", "type": "sh.keptn.event.dev.delivery.triggered", "source": "ci", "data": data });
        server.post("/api/v1/event", &event).expect(200);
    }
    let workplace = Workplace::new();
    workplace.file("capstan.token", server.token());
    let config = documented("scrape_configs:\n  - job_name: capstan\n")
        .replace("/etc/prometheus/capstan.token", &workplace.path().join("capstan.token").display().to_string())
        .replace("localhost:8080", server.url().trim_start_matches("http://"));
    let config = format!("global: {{scrape_interval: 250ms, scrape_timeout: 250ms}}\n{config}");
    let prometheus = Prometheus::configured(&executable, &config);
    let value = |query: &str, expected: &str| {
        prometheus.wait_for(query, |samples| samples.len() == 1 && samples[0]["value"][1] == expected);
    };
    value("capstan_events_total%7Borigin=%22outside%22%7D", "7");
    value("capstan_waiting%7Breason=%22tool%20to%20start%22%7D", "7");
    value("capstan_tasks_open%7Btask=%22build%22,state=%22free%22%7D", "7");
    value("count(capstan_store_size_bytes%3E0)", "2");
    value("count(capstan_writer_commit_seconds_count%3E7)", "1");
    value("up%7Bjob=%22capstan%22%7D", "1");
}

#[test]
fn promtool_finds_nothing_wrong_with_the_metrics() {
    let Some(executable) = executable("promtool's look at the metrics") else { return };
    let server = Server::start();
    server.get("/api/capstan/v1/projects").expect(200);
    let page = server.get("/metrics").expect(200);
    assert_eq!(page.content_type, "text/plain");
    let mut promtool = Command::new(executable.with_file_name("promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(page.text.as_bytes()).unwrap();
    let ran = Ran::from(promtool.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.seen().lines().count()), (0, 1), "{}", ran.seen());
}
