//! schemathesis tries whatever the `OpenAPI` document allows, and what it does not allow, on a real server.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::crowd::SHIPYARD;
use crate::server::Server;
use crate::support::{Ran, repository};

/// The one that `tests/servers/schemathesis.sh` has made; says loudly that the test is skipped where there is none.
fn executable() -> Option<PathBuf> {
    let mut script = Command::new(repository().join("tests/servers/schemathesis.sh"));
    let ran = Ran::from(script.output().unwrap());
    if ran.code == 0 {
        return Some(ran.stdout.trim().into());
    }
    let why = ran.stderr.trim().replace('\n', "; ");
    // Straight to standard error: what a passing test prints by macro is swallowed, and a skip must be heard.
    let _ = writeln!(std::io::stderr(), "SKIPPED: the API under schemathesis: {why}");
    None
}

#[test]
fn the_api_does_what_its_document_says() {
    let Some(executable) = executable() else { return };
    let server = Server::start();
    server.post("/api/capstan/v1/projects", &json!({ "name": "p", "shipyard": SHIPYARD })).expect(201);
    let event = json!({
        "specversion": "1.0", "id": "e-1", "source": "test", "type": "sh.keptn.event.dev.delivery.triggered",
        "data": { "project": "p", "stage": "dev", "service": "s" },
    });
    let run = server.post("/api/capstan/v1/events", &event).expect(200).json();
    let claim = json!({ "tool": "t", "tasks": ["work"], "lease_seconds": 3_600, "wait_seconds": 0 });
    let claimed = server.post("/api/capstan/v1/claims", &claim).expect(200).json();
    let folder = repository().join("tests/schemathesis");
    let mut command = Command::new(executable);
    command
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--no-color", "--seed", "1"])
        .arg(format!("{}/api/capstan/v1/openapi.json", server.url()))
        .env("CAPSTAN_TOKEN", server.token())
        .env("CAPSTAN_TEST_RUN", run["context"].as_str().unwrap())
        .env("CAPSTAN_TEST_LEASE", claimed["claims"][0]["lease"].as_str().unwrap())
        .env("SCHEMATHESIS_HOOKS", "hooks")
        .env("PYTHONPATH", &folder)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("NO_PROXY", "127.0.0.1")
        .current_dir(server.folder());
    let ran = Ran::from(command.output().unwrap());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let log = server.log();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
    assert!(!ran.stdout.contains(server.token()));
}
