//! The server as a process: how it starts, whom it lets in, and how it ends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::prometheus_server::eventually;
use crate::server::Server;
use crate::support::{Ran, Workplace};

/// Runs a command that ends by itself, without the variables of the test's own environment.
fn run(workplace: &Workplace, line: &str, environment: &[(&str, &str)]) -> Ran {
    let mut command = workplace.command(&line.split_whitespace().collect::<Vec<_>>());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CAPSTAN_") {
            command.env_remove(name);
        }
    }
    Ran::from(command.envs(environment.iter().copied()).output().unwrap())
}

#[test]
fn health_needs_no_token_and_all_else_does() {
    let server = Server::start();
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        assert_eq!(server.request("GET", path, None, None).expect(200).json()["status"], status);
    }
    server.request("GET", "/api/v1/metadata", None, None).expect(401);
    server.request("GET", "/api/v1/metadata", None, Some("capstan_no")).expect(401);
    server.get("/api/v1/metadata").expect(200);
}

#[test]
fn a_token_is_shown_once_and_stays() {
    let server = Server::start();
    let token = server.shown_token().unwrap();
    assert_eq!(server.token(), token);
    assert!(!server.log().contains(&token));
    for ends in [Server::kill9, |server: &Server| assert_eq!(server.terminate(), 0)] {
        ends(&server);
        server.restart();
        assert_eq!(server.shown_token(), None);
        assert!(server.stdout().starts_with("Capstan listens on http://127.0.0.1:"), "{}", server.stdout());
        server.get("/api/v1/metadata").expect(200);
    }
    server.terminate();
    std::fs::remove_file(server.data().join("token.sha256")).unwrap();
    server.restart();
    assert_ne!(server.shown_token().unwrap(), token);
    server.get("/api/v1/metadata").expect(401);
}

#[test]
fn a_token_from_the_environment_counts_alone() {
    let first = Server::start();
    let made = first.token().to_owned();
    first.terminate();
    let server = Server::prepare().folder(first.folder()).env("CAPSTAN_TOKEN", "of-mine").start();
    assert_eq!(server.shown_token(), None);
    server.get("/api/v1/metadata").expect(200);
    server.request("GET", "/api/v1/metadata", None, Some(&made)).expect(401);
    assert!(!server.stdout().contains("of-mine") && !server.log().contains("of-mine"));
}

#[test]
fn a_data_directory_belongs_to_one_server() {
    let server = Server::start();
    let ran = server.rival().expect(2);
    assert!(ran.stdout.is_empty());
    let pid = server.pid();
    assert_eq!(
        ran.stderr,
        format!(
            "error: data directory './capstan-data' is in use by a server (process {pid})\n  help: stop that server, or name another directory with --data\n"
        )
    );
    // The lock goes with the process, however that ends.
    server.kill9();
    server.restart();
}

#[test]
fn what_is_wrong_is_said_with_its_origin() {
    let workplace = Workplace::new();
    let toml = "lisen = '127.0.0.1:80'\ndata = 5\ndrain = 'soon'\ntoken = 'hunter2'\n\n[log]\nlevel = 'inof'\nfmt = 'json'\n\n[tasks]\ntimeout = '0s'\n";
    workplace.file("wrong.toml", toml).file("broken.toml", "listen = 127.0.0.1\ntoken = 'hunter2\n").file("file", "");
    workplace.file("damaged/token.sha256", "x\n");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let cases: [(&str, &[(&str, &str)]); 15] = [
        ("serve --config wrong.toml", &[]),
        ("serve", &[("CAPSTAN_CONFIG", "broken.toml")]),
        ("config explain --config missing.toml", &[]),
        ("serve", &[("CAPSTAN_LISTEN", "8080")]),
        ("serve --listen localhost", &[]),
        ("serve --log-level=loud --log-format yaml", &[("CAPSTAN_DRAIN", "5")]),
        ("serve --start-timeout=-5m", &[]),
        ("serve --data file", &[]),
        ("serve --data file/below", &[]),
        ("serve", &[("CAPSTAN_TOKEN", "")]),
        ("serve", &[("CAPSTAN_TOKEN", "hunter2\n")]),
        ("serve --data damaged --listen 127.0.0.1:0 --log-level off", &[]),
        ("serve --listen 127.0.0.1:PORT --log-level off", &[]),
        ("serve --listen 192.0.2.1:8080 --log-level off", &[]),
        ("config explain -o json --listen 8080", &[]),
    ];
    let mut text = String::new();
    for (line, environment) in cases {
        let ran = run(&workplace, &line.replace("PORT", &port), environment);
        assert!(ran.code == 2 && ran.stdout.is_empty(), "{line}: {ran:?}");
        let variables: Vec<_> = environment.iter().map(|(name, value)| format!("{name}={value:?} ")).collect();
        text.push_str(&format!("$ {}capstan {line}\n{}\n", variables.concat(), ran.stderr).replace(&port, "PORT"));
    }
    assert_eq!(text.matches("hunter2").count(), 1, "it stands in the line of the command alone: {text}");
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("errors_serve", text) });
}

#[test]
fn config_explain_tells_where_each_value_is_from() {
    let workplace = Workplace::new();
    workplace.file("capstan.toml", "listen = '0.0.0.0:80'\ndrain = '1s'\n\n[log]\nlevel = 'warn'\n");
    let environment = [("CAPSTAN_LOG", "debug"), ("CAPSTAN_LISTEN", "localhost:1"), ("CAPSTAN_TOKEN", "hunter2")];
    let line = "config explain --listen localhost:2 --task-timeout 2h";
    let table = run(&workplace, line, &environment).expect(0);
    insta::with_settings!({prepend_module_to_snapshot => false}, { insta::assert_snapshot!("config_explain", table.stdout) });
    let json = run(&workplace, &format!("{line} -o json"), &environment).expect(0);
    assert!(!table.stdout.contains("hunter2") && !json.stdout.contains("hunter2"));
    let document = json.json();
    let setting = |name| {
        let all = document["settings"].as_array().unwrap();
        all.iter().find(|setting| setting["name"] == name).unwrap_or_else(|| panic!("{name}")).clone()
    };
    assert_eq!(
        (&setting("listen")["value"], &setting("listen")["from"]["kind"]),
        (&"localhost:2".into(), &"flag".into())
    );
    assert_eq!(setting("log.level")["from"]["kind"], "env");
    assert_eq!(setting("drain")["from"], serde_json::json!({"kind": "file", "path": "capstan.toml", "line": 2}));
    assert_eq!(setting("data")["from"]["kind"], "default");
    assert_eq!((&document["file"], &document["token"]["set"]), (&"capstan.toml".into(), &true.into()));
    // Nothing was made by looking.
    assert!(!workplace.path().join("capstan-data").exists());
    let without = run(&workplace, "config explain -o json", &[]).expect(0).json();
    assert_eq!(without["token"], serde_json::json!({"set": false, "from": null}));
}

#[test]
fn the_file_and_the_log_format_are_heeded() {
    let folder = tempfile::tempdir().unwrap();
    let toml = "data = 'elsewhere/deep'\n[log]\nformat = 'json'\n";
    std::fs::write(folder.path().join("capstan.toml"), toml).unwrap();
    let server = Server::prepare().folder(folder.path()).start();
    assert!(folder.path().join("elsewhere/deep/lock").exists());
    assert_eq!(server.terminate(), 0);
    let lines: Vec<serde_json::Value> = server
        .log()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    assert_eq!((&lines[0]["message"], &lines[0]["data"]), (&"serving".into(), &"elsewhere/deep".into()));
    assert!(lines.iter().any(|line| line["message"] == "stopping" && line["signal"] == "SIGTERM"));
}

/// A request that the server works on, and that waits for the two bytes of its body.
fn begun(server: &Server) -> TcpStream {
    let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let token = server.token();
    let head = format!(
        "POST /api/v1/event HTTP/1.1\r\nHost: x\r\nx-token: {token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The server says so when it begins to read the body.
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

/// Waits until the server takes no more connections.
fn closed(server: &Server) {
    eventually("the server to close its door", || server.try_request("GET", "/healthz", None, None).err());
}

#[test]
fn a_stop_lets_requests_under_way_end() {
    let server = Server::prepare().flag("--drain", "60s").start();
    let mut stream = begun(&server);
    server.signal("TERM");
    closed(&server);
    stream.write_all(b"{}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 422"), "{answer}");
    assert_eq!(server.ended(), 0);
    assert!(server.log().contains("stopped"), "{}", server.log());
}

#[test]
fn a_stop_waits_no_longer_than_drain_and_a_second_signal_not_at_all() {
    let server = Server::prepare().flag("--drain", "50ms").start();
    let _stream = begun(&server);
    assert_eq!(server.terminate(), 0);
    assert!(server.log().contains("cut off"), "{}", server.log());

    let server = Server::prepare().flag("--drain", "10m").start();
    let _stream = begun(&server);
    let start = Instant::now();
    server.signal("TERM");
    closed(&server);
    server.signal("INT");
    assert_eq!(server.ended(), 1);
    assert!(start.elapsed() < Duration::from_secs(60));
}
