//! Our own API: projects, and where they stand.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use serde_json::{Value, json};
use support::{Answer, SHIPYARD, TOKEN, TestServer};

fn create(server: &TestServer, name: &str, shipyard: &str) -> Answer {
    server.post("/api/capstan/v1/projects", &json!({ "name": name, "shipyard": shipyard }))
}

fn delete(server: &TestServer, name: &str) -> Answer {
    server.request("DELETE", &format!("/api/capstan/v1/projects/{name}"), None, Some(TOKEN), &[])
}

#[test]
fn a_project_is_made_shown_listed_and_deleted() {
    let server = TestServer::start();
    let made = create(&server, "shop", SHIPYARD);
    assert_eq!(made.status, 201, "{}", made.text());
    server.post("/api/controlPlane/v1/project/shop/service", &json!({ "serviceName": "cart" }));
    let mut project = server.get("/api/capstan/v1/projects/shop").json();
    assert_eq!(project["shipyard"], SHIPYARD);
    let stages = json!([
        { "name": "dev", "sequences": [
            { "name": "delivery", "tasks": ["build", "check"] }, { "name": "rollback", "tasks": ["undo"] },
        ] },
        { "name": "prod", "sequences": [{ "name": "delivery", "tasks": ["approval", "release"] }] },
    ]);
    assert_eq!(project["stages"], stages);
    assert_eq!(project["services"][0]["name"], "cart");
    // What was answered at first has nothing but the service to come.
    project["services"] = json!([]);
    project["commit"] = made.json()["commit"].clone();
    assert_eq!(made.json(), project);
    assert_eq!(create(&server, "shop", SHIPYARD).status, 409);

    // A name under which events came is no project.
    server.send("dev.delivery.triggered", "ghost", "dev", &json!({}));
    assert_eq!(create(&server, "bank", SHIPYARD).status, 201);
    let list = server.get("/api/capstan/v1/projects?limit=1").json();
    assert_eq!(
        (&list["projects"][0]["name"], &list["total"], &list["next_offset"]),
        (&"bank".into(), &2.into(), &1.into())
    );
    let list = server.get("/api/capstan/v1/projects?limit=1&offset=1").json();
    assert_eq!((&list["projects"][0]["name"], list.get("next_offset")), (&"shop".into(), None));
    assert!(list["projects"][0]["created"].is_string() && list["projects"][0]["commit"].is_string(), "{list}");

    let answer = delete(&server, "shop");
    assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
    assert_eq!(delete(&server, "shop").status, 404);
    assert_eq!(server.get("/api/capstan/v1/projects").json()["total"], 1);
}

#[test]
fn a_project_that_is_not_there_has_a_near_one_named() {
    let server = TestServer::start();
    create(&server, "sockshop", SHIPYARD);
    server.send("dev.delivery.triggered", "ghost", "dev", &json!({}));
    let message = "there is no project 'sokshop'; did you mean 'sockshop'?";
    for path in ["sokshop", "sokshop/runs", "sokshop/runs/x", "sokshop/status"] {
        let answer = server.get(&format!("/api/capstan/v1/projects/{path}"));
        assert_eq!((answer.status, answer.message().as_str()), (404, message), "{path}");
    }
    for path in ["waiting?project=sokshop", "stream?project=sokshop"] {
        let answer = server.get(&format!("/api/capstan/v1/{path}"));
        assert_eq!((answer.status, answer.message().as_str()), (404, message), "{path}");
    }
    assert_eq!(delete(&server, "sokshop").message(), message);
    for name in ["ghost", "%2e%2e", "x/y"] {
        assert_eq!(server.get(&format!("/api/capstan/v1/projects/{name}")).status, 404, "{name}");
        assert_eq!(delete(&server, name).status, 404, "{name}");
    }
}

#[test]
fn a_shipyard_that_is_refused_has_its_diagnostics() {
    let server = TestServer::start();
    let answer = create(
        &server,
        "shop",
        "apiVersion: spec.keptn.sh/0.2.3\nspec:\n  stages:\n    - name: Dev\n    - sequences: []\n",
    );
    assert_eq!(answer.status, 400);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.json()).unwrap());
    let answer = create(&server, "shop", "a: [");
    assert_eq!((answer.status, answer.json()["diagnostics"].as_array().unwrap().len()), (400, 1));
    for (body, words) in [
        (json!({ "name": "Shop", "shipyard": SHIPYARD }), "'Shop' is no valid project name"),
        (json!({ "name": "../x", "shipyard": SHIPYARD }), "'../x' is no valid project name"),
        (json!({ "shipyard": SHIPYARD }), "project name missing"),
        (json!({ "name": "shop" }), "'shipyard' is missing; it holds the text of a shipyard.yaml"),
        (json!({ "name": "shop", "shipyard": SHIPYARD, "colour": "red" }), "colour"),
        (json!([]), "no JSON object"),
    ] {
        let answer = server.post("/api/capstan/v1/projects", &body);
        assert_eq!((answer.status, answer.json().get("diagnostics")), (400, None));
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    assert_eq!(server.get("/api/capstan/v1/projects").json()["total"], 0);
}

const DELIVERY: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata:
  name: s
spec:
  stages:
    - name: prod
      sequences: []
    - name: dev
      sequences:
        - name: delivery
          tasks:
            - name: deployment
            - name: evaluation
";

/// The only service's entries, the times taken out.
fn stages(server: &TestServer) -> Value {
    let mut status = server.get("/api/capstan/v1/projects/p/status").json();
    let services = status["services"].as_array_mut().unwrap();
    assert_eq!(services.len(), 1, "{services:?}");
    assert_eq!(services[0]["name"], "svc");
    for stage in services[0]["stages"].as_array_mut().unwrap() {
        let stage = stage.as_object_mut().unwrap();
        let at = stage.shift_remove("at");
        assert_eq!(at.is_some_and(|at| at.is_string()), stage.contains_key("context"));
    }
    services[0]["stages"].take()
}

#[test]
fn the_status_tells_what_is_where_and_how_it_was_judged() {
    let server = TestServer::start();
    server.with_shipyard("p", DELIVERY);
    assert_eq!(stages(&server), json!([{ "stage": "prod" }, { "stage": "dev" }]));

    let image = json!({ "configurationChange": { "values": { "image": "ghcr.io/x/svc:1.2" } } });
    let first = server.send("dev.delivery.triggered", "p", "dev", &image);
    server.answer("deployment", "p", "dev", &first, "pass");
    let dev = |more: Value| {
        let mut dev = json!({ "stage": "dev", "version": "ghcr.io/x/svc:1.2" });
        dev.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([{ "stage": "prod" }, dev])
    };
    assert_eq!(stages(&server), dev(json!({})));
    let id = server.open("evaluation", "p").unwrap();
    let reference = json!({ "shkeptncontext": first, "triggeredid": id });
    server.send("evaluation.started", "p", "dev", &reference);
    let verdict = json!({
        "shkeptncontext": first, "triggeredid": id, "source": "anybody", "status": "succeeded", "result": "warning",
        "evaluation": { "score": 87.5, "result": "warning" },
    });
    server.send("evaluation.finished", "p", "dev", &verdict);
    assert_eq!(stages(&server), dev(json!({ "result": "warning", "score": 87.5, "context": first })));

    // The image of a deployment that fails is not there, and what was judged last stays what it was.
    let image = json!({ "configurationChange": { "values": { "image": "ghcr.io/x/svc:1.3" } } });
    let second = server.send("dev.delivery.triggered", "p", "dev", &image);
    server.answer("deployment", "p", "dev", &second, "fail");
    assert_eq!(stages(&server), dev(json!({ "result": "fail", "score": 87.5, "context": second })));
    let third = server.send("dev.delivery.triggered", "p", "dev", &json!({}));
    server.control("p", &third, "abort", "");
    assert_eq!(stages(&server), dev(json!({ "result": "aborted", "score": 87.5, "context": third })));
}
