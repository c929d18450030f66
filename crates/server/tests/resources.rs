//! Resources: by v1's routes what its recorded story does not tell, and by our own API.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod support;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::{Answer, SHIPYARD, TOKEN, TestServer};

const PROJECT: &str = "/api/resource-service/v1/project/shop";

fn shop() -> TestServer {
    let server = TestServer::start();
    let shipyard = STANDARD.encode(SHIPYARD);
    send(&server, "POST", "/api/controlPlane/v1/project", &json!({ "name": "shop", "shipyard": shipyard }), 201);
    send(&server, "POST", "/api/controlPlane/v1/project/shop/service", &json!({ "serviceName": "cart" }), 200);
    server
}

fn send(server: &TestServer, method: &str, path: &str, body: &Value, status: u16) -> Answer {
    let body = if body.is_null() { None } else { Some(body.to_string().into_bytes()) };
    let answer = server.request(method, path, body.as_deref(), Some(TOKEN), &[]);
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
    answer
}

fn written(uri: &str, content: &str) -> Value {
    json!({ "resources": [{ "resourceURI": uri, "resourceContent": STANDARD.encode(content) }] })
}

fn content(answer: &Answer) -> String {
    String::from_utf8(STANDARD.decode(answer.json()["resourceContent"].as_str().unwrap()).unwrap()).unwrap()
}

fn uris(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let uri = |resource: &Value| resource["resourceURI"].as_str().unwrap().to_owned();
    body["resources"].as_array().unwrap().iter().map(uri).collect()
}

#[test]
fn a_nested_resource_is_found_however_its_path_is_encoded() {
    let server = shop();
    send(&server, "POST", &format!("{PROJECT}//resource"), &written("/a b/c%d.txt", "one"), 201);
    for path in ["a%20b/c%25d.txt", "a%20b%2Fc%25d.txt", "a%2520b%252Fc%2525d.txt"] {
        assert_eq!(content(&send(&server, "GET", &format!("{PROJECT}/resource/{path}"), &Value::Null, 200)), "one");
    }
    let old = PROJECT.replace("resource-service", "configuration-service");
    send(&server, "GET", &format!("{old}/resource/a%20b/c%25d.txt?gitCommitID=%22%22"), &Value::Null, 200);
}

#[test]
fn what_lies_at_one_level_is_not_seen_or_touched_from_another() {
    let server = shop();
    let cart = format!("{PROJECT}/stage/dev/service/cart/resource");
    send(&server, "POST", &cart, &written("slo.yaml", "objectives: []"), 201);
    let listed = uris(&send(&server, "GET", &format!("{PROJECT}/resource"), &Value::Null, 200));
    assert_eq!(listed, ["/metadata.yaml", "/shipyard.yaml"]);
    let listed = uris(&send(&server, "GET", &format!("{PROJECT}/stage/dev/resource"), &Value::Null, 200));
    assert_eq!(listed, ["/cart/metadata.yaml", "/cart/slo.yaml", "/metadata.yaml"]);

    let hidden = ".keptn-stages/dev/cart/slo.yaml";
    for method in ["GET", "DELETE"] {
        send(&server, method, &format!("{PROJECT}/resource/{hidden}"), &Value::Null, 404);
    }
    let refused = send(&server, "PUT", &format!("{PROJECT}/resource"), &written(hidden, ""), 400);
    assert_eq!(
        refused.message(),
        "invalid resource uri '.keptn-stages/dev/cart/slo.yaml': stages lie there; name the stage, and the path within it"
    );
    for uri in ["../../dev/cart/slo.yaml", "a/../b", "", "a//b", ".git/config"] {
        let refused = send(&server, "POST", &cart, &written(uri, ""), 400);
        assert!(refused.message().starts_with("invalid resource uri"), "{uri}: {}", refused.message());
    }
    let refused = send(&server, "POST", &cart, &written("slo.yaml/x", ""), 400);
    assert!(
        refused.message().contains("'.keptn-stages/dev/cart/slo.yaml/x' cannot be written"),
        "{}",
        refused.message()
    );
    assert_eq!(content(&send(&server, "GET", &format!("{cart}/slo.yaml"), &Value::Null, 200)), "objectives: []");
}

#[test]
fn a_folder_is_no_resource() {
    let server = shop();
    send(&server, "POST", &format!("{PROJECT}/resource"), &written("job/config.yaml", "apiVersion: v2"), 201);
    for method in ["GET", "DELETE"] {
        let refused = send(&server, method, &format!("{PROJECT}/resource/job"), &Value::Null, 404);
        assert_eq!(refused.message(), "Resource not found: 'job'");
    }
    send(&server, "GET", &format!("{PROJECT}/resource/job/config.yaml"), &Value::Null, 200);
}

#[test]
fn a_shipyard_that_is_written_as_resource_counts_if_it_can_be_read() {
    let server = shop();
    let resource = format!("{PROJECT}/resource");
    let refused = send(&server, "DELETE", &format!("{resource}/shipyard.yaml"), &Value::Null, 400);
    assert!(refused.message().starts_with("the shipyard cannot be deleted"), "{}", refused.message());
    let shown = |server: &TestServer| {
        send(server, "GET", "/api/controlPlane/v1/project/shop", &Value::Null, 200).json()["shipyard"].clone()
    };

    // As in v1 the file is taken; the project goes on with the one before.
    send(&server, "PUT", &resource, &written("shipyard.yaml", "stages: ["), 200);
    assert_eq!(shown(&server), SHIPYARD);
    assert_eq!(content(&send(&server, "GET", &format!("{resource}/shipyard.yaml"), &Value::Null, 200)), "stages: [");
    // Nor does it get in the way of what comes after it.
    send(&server, "POST", "/api/controlPlane/v1/project/shop/service", &json!({ "serviceName": "till" }), 200);
    assert_eq!(shown(&server), SHIPYARD);

    let other = format!("# another one\n{SHIPYARD}");
    send(&server, "PUT", &resource, &written("shipyard.yaml", &other), 200);
    assert_eq!(shown(&server), other.as_str());
}

#[test]
fn of_what_many_write_at_once_nothing_is_lost() {
    let server = shop();
    let path = format!("{PROJECT}/stage/dev/resource");
    let write = &|at: usize| send(&server, "POST", &path, &written(&format!("{at:02}.txt"), &at.to_string()), 201);
    let commits: BTreeSet<String> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..32).map(|at| scope.spawn(move || write(at).json()["commitID"].to_string())).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(commits.len(), 32);
    let listed = send(&server, "GET", &format!("{PROJECT}/stage/dev/resource?pageSize=100"), &Value::Null, 200);
    assert_eq!(listed.json()["totalCount"], 34);
}

#[test]
fn what_v1_keeps_for_its_own_services_is_refused_as_its_gateway_does() {
    let server = shop();
    for path in ["/stage", "/stage/dev", "/stage/dev/service/cart", "/service/cart/resource/a/b.txt", ""] {
        let refused = send(&server, "GET", &format!("{PROJECT}{path}"), &Value::Null, 403);
        assert_eq!(refused.content_type, "text/html");
    }
    let unknown = send(&server, "GET", "/api/resource-service/v1/nothing", &Value::Null, 404);
    assert_eq!(unknown.text(), "404 page not found");
}

const OWN: &str = "/api/capstan/v1/projects/shop";

fn change(server: &TestServer, changes: &Value, status: u16) -> Answer {
    send(server, "POST", &format!("{OWN}/resources"), &json!({ "changes": changes }), status)
}

#[test]
fn resources_of_several_levels_change_in_one_commit_or_not_at_all() {
    let server = shop();
    let text = |text: &str| STANDARD.encode(text);
    let done = change(
        &server,
        &json!([
            { "path": "sli.yaml", "content": text("project") },
            { "path": "sli.yaml", "stage": "dev", "content": text("stage") },
            { "path": "slo.yaml", "stage": "dev", "service": "cart", "content": text("service") },
        ]),
        200,
    );
    let commit = done.json()["commit"].as_str().unwrap().to_owned();
    let listed = send(&server, "GET", &format!("{OWN}/resources?stage=dev&limit=2&offset=1"), &Value::Null, 200).json();
    assert_eq!(
        listed,
        json!({ "resources": [{ "path": "cart/slo.yaml" }, { "path": "metadata.yaml" }], "commit": commit, "total": 4, "next_offset": 3 })
    );

    let refused = change(
        &server,
        &json!([{ "path": "sli.yaml" }, { "path": "none.yaml", "stage": "dev" }, { "path": "new.yaml", "content": "" }]),
        404,
    );
    assert_eq!(refused.message(), "Resource not found: 'none.yaml'");
    send(&server, "GET", &format!("{OWN}/resource?path=sli.yaml"), &Value::Null, 200);
    change(&server, &json!([{ "path": "sli.yaml" }]), 200);
    send(&server, "GET", &format!("{OWN}/resource?path=sli.yaml"), &Value::Null, 404);
    let old =
        send(&server, "GET", &format!("{OWN}/resource?path=sli.yaml&commit={}", &commit[..12]), &Value::Null, 200);
    assert_eq!(old.json(), json!({ "path": "sli.yaml", "commit": commit, "content": text("project") }));
}

#[test]
fn a_resource_is_inherited_where_that_is_asked_for() {
    let server = shop();
    let get = |query: &str, status| {
        send(&server, "GET", &format!("{OWN}/resource?path=sli.yaml&{query}"), &Value::Null, status)
    };
    let levels = [json!({}), json!({ "stage": "dev" }), json!({ "stage": "dev", "service": "cart" })];
    for (at, level) in levels.iter().enumerate() {
        let mut wish = level.clone();
        wish["path"] = "sli.yaml".into();
        wish["content"] = STANDARD.encode(at.to_string()).into();
        get("stage=dev&service=cart", 404);
        change(&server, &json!([wish]), 200);
        let found = get("stage=dev&service=cart&inherit=true", 200).json();
        assert_eq!(found["content"], STANDARD.encode(at.to_string()));
        for key in ["stage", "service"] {
            assert_eq!(found.get(key), level.get(key), "{found}");
        }
    }
    get("stage=prod&inherit=false", 404);
    assert_eq!(content_of(&get("stage=prod&inherit=true", 200)), "0");
}

fn content_of(answer: &Answer) -> String {
    String::from_utf8(STANDARD.decode(answer.json()["content"].as_str().unwrap()).unwrap()).unwrap()
}

#[test]
fn a_wish_that_cannot_be_met_says_why() {
    let server = shop();
    for (changes, status, message) in [
        (json!([]), 400, "nothing is to be changed; 'changes' is missing or empty"),
        (json!([{ "content": "" }]), 400, "'path' is missing; it names the resource, such as slo.yaml"),
        (
            json!([{ "path": "a", "content": "%%" }]),
            400,
            "the content of 'a' is no base64: Invalid symbol 37, offset 0.",
        ),
        (
            json!([{ "path": "a", "service": "cart" }]),
            400,
            "'stage' is missing: resources of the service 'cart' are those of a stage",
        ),
        (json!([{ "path": "a", "stage": "qa", "content": "" }]), 404, "Stage not found: 'qa'"),
        (json!([{ "path": "a", "stage": "dev", "service": "till", "content": "" }]), 404, "Service not found: 'till'"),
        (json!([{ "path": "a", "stage": "DEV", "content": "" }]), 404, "Stage not found: 'DEV'; did you mean 'dev'?"),
        (json!([{ "path": "shipyard.yml" }]), 404, "Resource not found: 'shipyard.yml'; did you mean 'shipyard.yaml'?"),
        (
            json!([{ "path": "shipyard.yaml" }]),
            400,
            "the shipyard cannot be deleted: it is what the project goes by; write another one in its place",
        ),
        (
            json!([{ "path": "../a", "content": "" }]),
            400,
            "invalid resource uri: '../a' is no path within the configuration",
        ),
    ] {
        assert_eq!(change(&server, &changes, status).message(), message);
    }
    for (query, status, message) in [
        ("", 400, "'path' is missing; it names the resource, such as slo.yaml"),
        ("path=a&inherit=yes", 400, "'inherit' is 'yes'; it may be true or false"),
        ("path=a&service=cart", 400, "'stage' is missing: resources of the service 'cart' are those of a stage"),
        (
            "path=metadata.yml&stage=dev&service=cart",
            404,
            "Resource not found: 'metadata.yml'; did you mean 'metadata.yaml'?",
        ),
        ("path=a&stage=dev&service=car", 404, "Service not found: 'car'; did you mean 'cart'?"),
        ("path=a&commit=ffffffff", 404, "'ffffffff' is no commit of this project"),
    ] {
        assert_eq!(send(&server, "GET", &format!("{OWN}/resource?{query}"), &Value::Null, status).message(), message);
    }
    let unknown = send(&server, "GET", "/api/capstan/v1/projects/shopp/resources", &Value::Null, 404);
    assert_eq!(unknown.message(), "there is no project 'shopp'; did you mean 'shop'?");
}
