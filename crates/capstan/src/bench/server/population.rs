//! The projects that events are about: ten, with three stages and twenty services each.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::body::Bytes;
use serde_json::json;

use super::connection::{Connection, Target};
use crate::failure::Failure;

/// How many projects there are, and how many services each has.
pub(super) const PROJECTS: usize = 10;
pub(super) const SERVICES: usize = 20;

/// The stages in their order.
pub(super) const STAGES: [&str; 3] = ["dev", "staging", "production"];

/// The tasks of the sequence of each stage, in their order. No tool of the server answers any of them.
pub(super) const TASKS: [&str; 4] = ["deployment", "test", "evaluation-stub", "release"];

/// The type of the event that begins a run.
pub(super) const TRIGGER: &str = "sh.keptn.event.dev.delivery.triggered";

/// How many events a run comes to: beginning and end of each sequence, and three for each task. As in Keptn v1 nobody sends a
/// `.started` for a sequence.
pub(super) const EVENTS_PER_RUN: usize = STAGES.len() * (2 + 3 * TASKS.len());

/// What all projects do.
pub(super) const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
metadata:
  name: bench
spec:
  stages:
    - name: dev
      sequences:
        - name: delivery
          tasks: [{name: deployment}, {name: test}, {name: evaluation-stub}, {name: release}]
    - name: staging
      sequences:
        - name: delivery
          triggeredOn: [{event: dev.delivery.finished, selector: {match: {result: pass}}}]
          tasks: [{name: deployment}, {name: test}, {name: evaluation-stub}, {name: release}]
    - name: production
      sequences:
        - name: delivery
          triggeredOn: [{event: staging.delivery.finished, selector: {match: {result: pass}}}]
          tasks: [{name: deployment}, {name: test}, {name: evaluation-stub}, {name: release}]
";

static PROJECT_NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..PROJECTS).map(|number| format!("bench-{number:02}")).collect());
static SERVICE_NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..SERVICES).map(|number| format!("service-{number:02}")).collect());

/// A service of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subject {
    project: usize,
    service: usize,
}

impl Subject {
    /// Any of them; each is as likely as the others.
    pub(super) fn random() -> Self {
        Self { project: fastrand::usize(..PROJECTS), service: fastrand::usize(..SERVICES) }
    }

    pub(super) fn project(self) -> &'static str {
        &PROJECT_NAMES[self.project]
    }

    pub(super) fn service(self) -> &'static str {
        &SERVICE_NAMES[self.service]
    }

    /// The one with these names.
    pub(super) fn named(project: &str, service: &str) -> Option<Self> {
        let at = |names: &[String], name: &str| names.iter().position(|known| known == name);
        Some(Self { project: at(&PROJECT_NAMES, project)?, service: at(&SERVICE_NAMES, service)? })
    }
}

/// Names of all projects.
pub(super) fn projects() -> impl Iterator<Item = &'static str> + Clone {
    PROJECT_NAMES.iter().map(|name| &**name)
}

/// Makes the projects by the routes of Keptn v1, where they are not there yet; with their services where a server wants them
/// before it takes events.
pub(super) async fn settle(target: &Arc<Target>, with_services: bool) -> Result<(), Failure> {
    let mut connection = Connection::open(target).await?;
    for project in projects() {
        let at = format!("/api/controlPlane/v1/project/{project}");
        if connection.send(Method::GET, &at, Bytes::new()).await?.status.is_success() {
            continue;
        }
        let body = json!({"name": project, "shipyard": STANDARD.encode(SHIPYARD)}).to_string();
        connection.post("/api/controlPlane/v1/project", body.into()).await?;
        for service in SERVICE_NAMES.iter().filter(|_| with_services) {
            let body = json!({"serviceName": service}).to_string();
            connection.post(&format!("{at}/service"), body.into()).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipyard_is_what_the_events_expect() {
        let shipyard = capstan_model::shipyard::read(SHIPYARD).unwrap();
        let text = format!("{shipyard:?}");
        assert!(STAGES.iter().chain(&TASKS).all(|name| text.contains(name)));
        assert_eq!(EVENTS_PER_RUN, 42);
    }

    #[test]
    fn a_service_is_found_by_its_names() {
        let subject = Subject::random();
        assert_eq!(Subject::named(subject.project(), subject.service()), Some(subject));
        assert_eq!(Subject::named("bench-10", "service-00"), None);
    }
}
