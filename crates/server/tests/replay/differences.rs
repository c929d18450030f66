//! Where an answer is meant to differ from v1's, and why. Sentences aside, that a run has one commit where each stage of
//! v1 looks up its own, and that resources have no upstream, this is all of it.

use serde_json::{Value, json};

use super::story::Step;

/// A step whose answer is not v1's.
pub(crate) struct Difference {
    pub(crate) group: &'static str,
    pub(crate) step: &'static str,
    pub(crate) reason: &'static str,
    /// Makes the recorded answer the one that is meant.
    pub(crate) amend: fn(&mut Step),
}

pub(crate) const DIFFERENCES: &[Difference] = &[
    Difference {
        group: "auth and metadata",
        step: "metadata",
        reason: "a project needs no Git upstream; v1's command line demands one unless this is true",
        amend: |step| step.body["automaticprovisioning"] = true.into(),
    },
    Difference {
        group: "auth and metadata",
        step: "write to the datastore is refused",
        reason: "the page is that of a gateway which is not here; nobody reads it",
        amend: |step| step.body = "<anything>".into(),
    },
    Difference {
        group: "projects",
        step: "create, name 'a-'",
        reason: "with the suffix the name is valid, and v1 refused only the upstream of the recording",
        amend: |step| (step.status, step.content_type, step.body) = (201, String::new(), Value::Null),
    },
    Difference {
        group: "projects",
        step: "create, stage twice",
        reason: "the second stage of a name could never be found; v1 refused only the upstream of the recording",
        amend: |step| (step.status, step.body) = (400, failure(400)),
    },
    Difference {
        group: "projects",
        step: "list, one a page: keys of the page and of a project",
        reason: "a project without a Git upstream has no credentials",
        amend: |step| {
            step.content_type = "application/json".to_owned();
            step.body["projects"][0].as_object_mut().unwrap().shift_remove("gitCredentials");
        },
    },
    Difference {
        group: "projects",
        step: "unknown stage",
        reason: "v1 writes two bodies one after the other, which no client can read",
        amend: |step| step.body = failure(404),
    },
    not_there("projects", "create service in unknown project"),
    not_there("projects", "update unknown"),
    nested("project: get nested, encoded slash"),
    not_there("resources", "project: get at unknown commit"),
    nested("stage: get nested, encoded slash"),
    not_there("resources", "stage: get at unknown commit"),
    nested("service: get nested, encoded slash"),
    not_there("resources", "service: get at unknown commit"),
    Difference {
        group: "events in",
        step: "open build.triggered",
        reason: "v1 had not come to the last trigger yet when it was asked",
        amend: |step| {
            let mut newest = step.body["events"][0].clone();
            newest["data"]["service"] = "svc".into();
            newest["id"] = "<uuid:1001>".into();
            newest["shkeptncontext"] = "<uuid:15>".into();
            step.body["events"].as_array_mut().unwrap().insert(0, newest);
            step.body["totalCount"] = 2.into();
        },
    },
    Difference {
        group: "delivery",
        step: "after one of two answers",
        reason: "v1 had not come to the answer yet when it was asked",
        amend: |step| {
            let latest = &mut step.body["states"][0]["stages"][0]["latestEvent"];
            (latest["type"], latest["id"]) = ("sh.keptn.event.build.finished".into(), "<uuid:13>".into());
        },
    },
];

const fn not_there(group: &'static str, step: &'static str) -> Difference {
    let reason = "what is not there is 404; v1 takes it for a fault of its own";
    Difference { group, step, reason, amend: |step| (step.status, step.body) = (404, failure(404)) }
}

/// Where the file of the step behind it is asked for.
const fn nested(step: &'static str) -> Difference {
    Difference {
        group: "resources",
        step,
        reason: "a path may be encoded as URLs are; v1's gateway wants it twice",
        amend: |step| {
            let metadata = json!({ "version": "<anything>" });
            (step.status, step.content_type) = (200, "application/json".to_owned());
            step.body = json!({ "resourceContent": "dHdv", "resourceURI": "dir/b.txt", "metadata": metadata });
        },
    }
}

fn failure(code: u16) -> Value {
    json!({ "code": code, "message": "a sentence" })
}
