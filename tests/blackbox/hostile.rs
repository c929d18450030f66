//! What a server answers to those who send nonsense, too much, or too slowly.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crowd::SHIPYARD;
use crate::prometheus_server::eventually;
use crate::server::Server;

const PROJECTS: &str = "/api/capstan/v1/projects";
const EVENTS: &str = "/api/capstan/v1/events";
const V1_EVENT: &str = "/api/v1/event";
const V1_PROJECT: &str = "/api/controlPlane/v1/project";

/// What came back over a connection of the test's own, until the server closed it.
struct Raw {
    status: u16,
    head: String,
    body: Vec<u8>,
}

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn read(mut stream: TcpStream) -> Raw {
    let mut bytes = Vec::new();
    // Who is refused in the middle of a body may find the connection reset behind the answer.
    let _ = stream.read_to_end(&mut bytes);
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Raw { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() }
}

fn raw(server: &Server, request: &[u8]) -> Raw {
    let mut stream = connect(server);
    let _ = stream.write_all(request);
    read(stream)
}

/// A request with the token, whose body is as long as it says.
fn request(server: &Server, method: &str, target: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let (token, length) = (server.token(), body.len());
    let mut bytes = format!(
        "{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-token: {token}\r\nContent-Length: {length}\r\n{more}\r\n"
    )
    .into_bytes();
    bytes.extend(body);
    bytes
}

/// In words, in the shape of the API that was asked, and without what is nobody's business.
fn assert_answered_well(server: &Server, what: &str, target: &str, answer: &Raw) {
    let told = String::from_utf8(answer.body.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let shown = format!("{what}: {} {}", answer.head, told.chars().take(500).collect::<String>());
    assert!((400..500).contains(&answer.status), "{shown}");
    for secret in [server.token(), server.folder().to_str().unwrap(), "SELECT ", "SQLite", "panicked", ".rs:"] {
        assert!(!told.contains(secret) && !answer.head.contains(secret), "{shown}");
    }
    // v1's controller tells of a path that it does not know in plain text.
    if target.starts_with("/api/controlPlane") && told == "404 page not found" {
        return;
    }
    let body: Value = serde_json::from_str(&told).unwrap_or_else(|error| panic!("{error}: {shown}"));
    assert!(answer.head.to_lowercase().contains("content-type: application/json"), "{shown}");
    let message = body["message"].as_str().unwrap_or_else(|| panic!("{shown}"));
    assert!(message.trim() == message && message.contains(' ') && message.len() < 2_000, "{shown}");
    if target.starts_with("/api/") {
        assert!(body["code"].is_u64(), "{shown}");
    }
}

/// Anonymous memory in MB and open files.
fn size(server: &Server) -> (u64, usize) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    let files = std::fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    (anonymous.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10, files)
}

fn served() -> Server {
    let server = Server::prepare().flag("--patience", "2s").start();
    server.post(PROJECTS, &json!({ "name": "p", "shipyard": SHIPYARD })).expect(201);
    server
}

fn event(data: &Value) -> Value {
    json!({ "specversion": "1.0", "id": "e-1", "source": "s", "type": "sh.keptn.event.note.finished", "data": data })
}

fn nested(open: &str, close: &str, depth: usize) -> Vec<u8> {
    format!("{}{}", open.repeat(depth), close.repeat(depth)).into_bytes()
}

/// Bodies that are nobody's event and nobody's project.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let of_type = |key: &str, value: Value| {
        let mut event = event(&json!({ "project": "p", "stage": "dev", "service": "s" }));
        event[key] = value;
        event["name"] = 1.into();
        event["shipyard"] = json!(["a"]);
        event.to_string().into_bytes()
    };
    vec![
        ("nothing", Vec::new()),
        ("half an object", b"{\"data\": {".to_vec()),
        ("no JSON", b"name: p".to_vec()),
        ("a text", b"\"p\"".to_vec()),
        ("a list", b"[]".to_vec()),
        ("null", b"null".to_vec()),
        ("two documents", b"{} {}".to_vec()),
        ("not a number", b"{\"data\": NaN}".to_vec()),
        ("no UTF-8", b"{\"type\": \"\xff\xfe\"}".to_vec()),
        ("half a surrogate", b"{\"type\": \"\\ud800\"}".to_vec()),
        ("a huge number", b"{\"type\": 1e999999}".to_vec()),
        ("a long number", format!("{{\"type\": {}}}", "9".repeat(100_000)).into_bytes()),
        ("twice the same key", b"{\"type\": 1, \"type\": 2, \"name\": 1, \"name\": 2}".to_vec()),
        ("brackets", nested("[", "]", 100_000)),
        ("brackets that stay open", nested("[", "", 100_000)),
        ("braces", nested("{\"data\":", "}", 100_000)),
        ("a type that is a list", of_type("type", json!(["a"]))),
        ("a source that is a number", of_type("source", 5.into())),
        ("data that are a text", of_type("type", json!({}))),
        ("an empty type", of_type("type", "".into())),
        ("a time that is none", of_type("time", "yesterday".into())),
        ("a context that is a list", of_type("shkeptncontext", json!([1]))),
        ("10 MB", vec![b' '; 10 << 20]),
    ]
}

/// Targets whose names and parameters lead astray.
fn targets() -> Vec<(&'static str, String)> {
    let long = "a".repeat(10_000);
    let mut targets = vec![
        ("PUT", PROJECTS.to_owned()),
        ("PATCH", EVENTS.to_owned()),
        ("DELETE", V1_EVENT.to_owned()),
        ("GET", "/api/capstan/v1/nowhere".to_owned()),
        ("GET", "/api/v1/nowhere".to_owned()),
        ("GET", "/api/mongodb-datastore/nowhere".to_owned()),
        ("GET", "/nowhere".to_owned()),
        ("GET", format!("/api/capstan/v1/projects/p/runs/{}", "%ff")),
    ];
    for name in [
        "unknown",
        "..",
        "%2e%2e",
        "%2e%2e%2f",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "-rf",
        ".git",
        "p.git",
        "%F0%9F%92%A9",
        "%ff",
        "*",
        &long,
    ] {
        targets.push(("GET", format!("{PROJECTS}/{name}")));
        targets.push(("DELETE", format!("{PROJECTS}/{name}")));
        targets.push(("GET", format!("{PROJECTS}/{name}/runs")));
        targets.push(("GET", format!("{PROJECTS}/p/runs/{name}")));
        targets.push(("GET", format!("{V1_PROJECT}/{name}")));
        targets.push(("GET", format!("{V1_PROJECT}/{name}/stage")));
    }
    for page in ["-1", "NaN", "1e9", "0x10", "99999999999999999999999999", "%00", "%ff", "1;DROP", "'"] {
        targets.push(("GET", format!("{PROJECTS}?limit={page}")));
        targets.push(("GET", format!("{PROJECTS}/p/runs?offset={page}")));
        targets.push(("GET", format!("{V1_PROJECT}?pageSize={page}")));
        targets.push(("GET", format!("/api/mongodb-datastore/event?pageSize={page}")));
        targets.push(("GET", format!("/api/controlPlane/v1/sequence/p?pageSize={page}")));
    }
    targets.push(("GET", format!("{PROJECTS}?limit=18446744073709551615")));
    targets.push(("GET", "/api/mongodb-datastore/event?pageSize=9223372036854775807".to_owned()));
    targets
}

/// Names of projects and services that could be paths.
fn names() -> Vec<String> {
    let names = [
        "", ".", "..", "../x", "..\\x", "/etc", "a/b", "-rf", ".git", "a\0b", "a\nb", "ünï", "💩", "A", "con:", "a ",
        "p;ls",
    ];
    names.iter().map(|name| (*name).to_owned()).chain(["a".repeat(201), "a".repeat(100_000)]).collect()
}

#[test]
fn nonsense_is_answered_in_words_and_nothing_leaks() {
    let server = served();
    let before = size(&server);
    let ask = |what: &str, method: &str, target: &str, more: &str, body: &[u8]| {
        let answer = raw(&server, &request(&server, method, target, more, body));
        let what = format!("{what}: {method} {}", target.chars().take(80).collect::<String>());
        assert_answered_well(&server, &what, target, &answer);
    };
    for (what, body) in bodies() {
        for (method, target) in [
            ("POST", EVENTS),
            ("POST", PROJECTS),
            ("POST", V1_EVENT),
            ("POST", V1_PROJECT),
            ("PUT", V1_PROJECT),
            ("POST", "/api/capstan/v1/claims"),
        ] {
            ask(what, method, target, "Content-Type: application/json\r\n", &body);
        }
    }
    for (method, target) in targets() {
        ask("target", method, &target, "", b"");
    }
    for name in names() {
        let shipyard =
            "apiVersion: spec.keptn.sh/0.2.3\nkind: Shipyard\nmetadata: {name: s}\nspec: {stages: [{name: dev}]}\n";
        ask("name", "POST", PROJECTS, "", json!({ "name": name, "shipyard": shipyard }).to_string().as_bytes());
        let is_path = name.contains('/') || ["", ".", ".."].contains(&&*name);
        if is_path || name.contains(char::is_control) || name.len() > 10_000 {
            let service = json!({ "serviceName": name }).to_string();
            ask("service", "POST", &format!("{V1_PROJECT}/p/service"), "", service.as_bytes());
        }
    }
    // A body without a length, in pieces.
    let mut chunked = format!(
        "POST {EVENTS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-token: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        server.token()
    )
    .into_bytes();
    for _ in 0..10 {
        chunked.extend(format!("{:x}\r\n", 1 << 20).into_bytes());
        chunked.extend(vec![b'1'; 1 << 20]);
        chunked.extend(b"\r\n");
    }
    let answer = raw(&server, &chunked);
    assert_eq!(answer.status, 413);
    assert_answered_well(&server, "10 MB in pieces", EVENTS, &answer);
    // The same id with another content; and as much of the clock as anybody likes.
    server.post(EVENTS, &event(&json!({ "project": "p", "text": "one" }))).expect(200);
    ask(
        "an id that is taken",
        "POST",
        EVENTS,
        "",
        event(&json!({ "project": "p", "text": "two" })).to_string().as_bytes(),
    );
    for (n, time) in
        ["1970-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "2026-01-01T00:00:00+14:00"].into_iter().enumerate()
    {
        let mut event = event(&json!({ "project": "p", "stage": "dev", "service": "s" }));
        (event["id"], event["time"]) = (format!("skewed-{n}").into(), time.into());
        event["type"] = "sh.keptn.event.dev.delivery.triggered".into();
        let context = server.post(EVENTS, &event).expect(200).json()["context"].as_str().unwrap().to_owned();
        let run = server.get(&format!("{PROJECTS}/p/runs/{context}")).expect(200).json();
        assert_eq!(run["run"]["context"], context.as_str(), "{time}");
    }
    // A type of content that is none of JSON counts for nothing, and what it holds does.
    ask("text", "POST", EVENTS, "Content-Type: text/plain\r\n", b"hello");
    ask("a form", "POST", EVENTS, "Content-Type: application/x-www-form-urlencoded\r\n", b"a=b");
    server.request("GET", "/healthz", None, None).expect(200);
    assert!(!server.log().contains("panicked") && !server.log().contains("ERROR"), "{}", server.log());
    assert!(!server.log().contains(server.token()));
    eventually("memory and files to be given back", || {
        let now = size(&server);
        (now.0 <= before.0 + 48 && now.1 <= before.1 + 8).then_some(())
    });
}

#[test]
fn what_is_no_http_is_cut_off_and_costs_nobody_else_anything() {
    let server = served();
    let token = server.token();
    for (what, bytes) in [
        ("a thousand headers", format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "x-a: b\r\n".repeat(1_000)).into_bytes()),
        ("a long header", format!("GET /healthz HTTP/1.1\r\nHost: x\r\nx-a: {}\r\n\r\n", "b".repeat(1 << 20)).into_bytes()),
        ("a long path", format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)).into_bytes()),
        ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("zeros", vec![0; 10_000]),
        ("two lengths", format!("POST {EVENTS} HTTP/1.1\r\nHost: x\r\nx-token: {token}\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}").into_bytes()),
        ("a length below zero", format!("POST {EVENTS} HTTP/1.1\r\nHost: x\r\nx-token: {token}\r\nContent-Length: -1\r\n\r\n").into_bytes()),
    ] {
        let answer = raw(&server, &bytes);
        assert!(answer.status == 0 || (400..500).contains(&answer.status), "{what}: {}", answer.head);
        server.get("/api/v1/metadata").expect(200);
    }
    assert!(!server.log().contains("panicked"), "{}", server.log());
}

#[test]
fn who_trickles_a_request_is_cut_off_and_others_are_served() {
    let server = served();
    let before = size(&server);
    let token = server.token();
    let head = format!("POST {EVENTS} HTTP/1.1\r\nHost: x\r\nx-token: {token}\r\nContent-Length: 1000\r\n");
    let begun = Instant::now();
    let mut slow: Vec<(bool, TcpStream)> = Vec::new();
    for n in 0..100 {
        let (mut stream, with_body) = (connect(&server), n % 2 == 0);
        stream.write_all(head.as_bytes()).unwrap();
        if with_body {
            stream.write_all(b"\r\n{").unwrap();
        }
        slow.push((with_body, stream));
    }
    // And some that say nothing at all, or only half of it and then hang up on one side.
    let silent: Vec<TcpStream> = (0..20).map(|_| connect(&server)).collect();
    for stream in &silent[..10] {
        let mut stream = stream;
        stream.write_all(b"GET /healthz HT").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
    }
    // A byte now and then gives nobody more time.
    let deadline = Duration::from_secs(20);
    let mut cut = 0;
    while !slow.is_empty() {
        assert!(begun.elapsed() < deadline, "{} are still connected, {cut} are not", slow.len());
        server.get("/api/v1/metadata").expect(200);
        slow.retain_mut(|(with_body, stream)| {
            stream.set_nonblocking(true).unwrap();
            let mut first = [0; 4_096];
            let over = match stream.read(&mut first) {
                Ok(length) => {
                    let told = String::from_utf8_lossy(&first[..length]).into_owned();
                    assert_eq!(told.starts_with("HTTP/1.1 408"), *with_body, "{told}");
                    assert!(!*with_body || told.contains("the body did not arrive within 2 seconds"), "{told}");
                    true
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    let _ = stream.write(if *with_body { b"1" } else { b"x-a: b\r\n" });
                    false
                }
                Err(_) => true,
            };
            cut += usize::from(over);
            !over
        });
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(begun.elapsed() >= Duration::from_secs(2));
    eventually("the connections to be gone", || (size(&server).1 <= before.1 + 8).then_some(()));
    drop(silent);
    server.get("/api/v1/metadata").expect(200);
    assert!(!server.log().contains("panicked"), "{}", server.log());
}
