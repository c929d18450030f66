//! Whoever follows what happens, over a server that dies and comes back.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::Server;

const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata:\n  name: s\nspec:\n  stages:\n    - name: dev\n      sequences:\n        - name: delivery\n          tasks:\n            - name: deployment\n";

/// A client's connection, read line by line.
struct Following(BufReader<TcpStream>);

impl Following {
    /// Connects and waits for the first byte of the stream.
    fn begin(server: &Server, last: Option<u64>) -> Self {
        let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        let token = server.token();
        write!(stream, "GET /api/capstan/v1/stream HTTP/1.1\r\nHost: x\r\nx-token: {token}\r\n{last}\r\n").unwrap();
        let mut following = Self(BufReader::new(stream));
        assert_eq!(following.line().as_deref(), Some("HTTP/1.1 200 OK"));
        while following.line().unwrap() != ": hello" {}
        following
    }

    /// The next fact; none at the end of the connection, however it ended.
    fn next(&mut self) -> Option<Value> {
        loop {
            let line = self.line()?;
            if let Some(data) = line.strip_prefix("data: ") {
                return Some(serde_json::from_str(data).unwrap());
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        // A line that was cut off is none.
        self.0.read_line(&mut line).ok().filter(|_| line.ends_with('\n'))?;
        Some(line.trim_end().to_owned())
    }
}

fn position(fact: &Value) -> u64 {
    fact["position"].as_u64().unwrap()
}

fn with_project(server: &Server) {
    server.post("/api/capstan/v1/projects", &json!({ "name": "p", "shipyard": SHIPYARD })).expect(201);
}

fn trigger(server: &Server, service: &str) -> String {
    let event = json!({
        "specversion": "1.0", "source": "follower", "type": "sh.keptn.event.dev.delivery.triggered",
        "data": { "project": "p", "stage": "dev", "service": service },
    });
    server.post("/api/v1/event", &event).expect(200).json()["keptnContext"].as_str().unwrap().to_owned()
}

#[test]
fn a_client_has_all_facts_once_over_kill_9() {
    let server = Server::start();
    with_project(&server);
    let mut following = Following::begin(&server, None);
    let mut contexts: Vec<String> = (0..5).map(|n| trigger(&server, &format!("a{n}"))).collect();
    // Only some of them are read before the end.
    let mut seen: Vec<u64> = (0..7).map(|_| position(&following.next().unwrap())).collect();
    server.kill9();
    // What was on its way may still come; whoever reads it has seen it.
    seen.extend(std::iter::from_fn(|| following.next()).take(3).map(|fact| position(&fact)));
    server.restart();
    contexts.extend((0..5).map(|n| trigger(&server, &format!("b{n}"))));
    let mut following = Following::begin(&server, seen.last().copied());
    contexts.extend((0..5).map(|n| trigger(&server, &format!("c{n}"))));
    let mut told = BTreeSet::new();
    for context in &contexts {
        let run = server.get(&format!("/api/capstan/v1/projects/p/runs/{context}")).expect(200).json();
        told.extend(run["history"].as_array().unwrap().iter().map(position));
    }
    while seen.last() != told.last() {
        seen.push(position(&following.next().unwrap()));
    }
    assert_eq!(seen, told.into_iter().collect::<Vec<u64>>());
}

#[test]
fn a_stream_does_not_hold_up_a_stop() {
    let server = Server::prepare().flag("--drain", "10m").start();
    let mut following = Following::begin(&server, None);
    assert_eq!(server.terminate(), 0);
    assert_eq!(following.next(), None);
    assert!(!server.log().contains("cut off"), "{}", server.log());
}
