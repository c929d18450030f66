//! Projects, stages and services in v1's shapes (contract: core.md 6.2).

use std::collections::BTreeMap;

use capstan_model::shipyard::{self, Shipyard};
use capstan_runtime::ports::{LastEvent, Project, Service, ServiceView, Slice, StoreError, StoreReader};
use capstan_runtime::views::service_views;
use jiff::Timestamp;
use serde::Serialize;

/// A project with all that is shown of it.
pub(super) struct Loaded {
    project: Project,
    /// The text of its shipyard.
    text: String,
    shipyard: Option<Shipyard>,
    services: Vec<Service>,
    views: BTreeMap<(String, String), ServiceView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectBody {
    creation_date: String,
    project_name: String,
    shipyard: String,
    shipyard_version: String,
    stages: Vec<StageBody>,
    is_upstream_auto_provisioned: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StageBody {
    services: Vec<ServiceBody>,
    stage_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parent_stages: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceBody {
    creation_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployed_image: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    last_event_types: BTreeMap<String, EventBody>,
    /// Nothing in v1 writes it; it is always null.
    open_remediations: Option<()>,
    service_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventBody {
    event_id: String,
    keptn_context: String,
    time: String,
}

/// Loads a project by name; a name under which events came in without there being a project is none.
pub(super) fn load(reader: &dyn StoreReader, name: &str) -> Result<Option<Loaded>, StoreError> {
    match reader.project(name)? {
        Some(project) => load_all(reader, project),
        None => Ok(None),
    }
}

/// Loads what belongs to a project.
pub(super) fn load_all(reader: &dyn StoreReader, project: Project) -> Result<Option<Loaded>, StoreError> {
    let Some(configuration) = &project.configuration else { return Ok(None) };
    let text = reader.shipyard(&configuration.shipyard)?.unwrap_or_default();
    let services = reader.services(project.id, Slice::ALL)?.items;
    let views = service_views(reader, &project)?;
    let shipyard = shipyard::read(&text).ok().map(|read| read.shipyard);
    Ok(Some(Loaded { project, text, shipyard, services, views }))
}

impl Loaded {
    pub(super) fn body(&self) -> ProjectBody {
        let version = self.shipyard.as_ref().map(|shipyard| shipyard.api_version.clone());
        ProjectBody {
            creation_date: nanos(self.project.created),
            project_name: self.project.name.clone(),
            shipyard: self.text.clone(),
            shipyard_version: version.unwrap_or_default(),
            stages: self.stages(),
            is_upstream_auto_provisioned: false,
        }
    }

    /// All stages, by name.
    pub(super) fn stages(&self) -> Vec<StageBody> {
        let mut stages: Vec<&shipyard::Stage> = self.shipyard.iter().flat_map(|shipyard| &shipyard.stages).collect();
        stages.sort_by(|one, other| one.name.cmp(&other.name));
        stages.into_iter().map(|stage| self.stage_body(stage)).collect()
    }

    pub(super) fn stage(&self, name: &str) -> Option<StageBody> {
        self.shipyard.as_ref()?.stage(name).map(|stage| self.stage_body(stage))
    }

    /// The services of a stage, by name; none if there is no such stage.
    pub(super) fn services(&self, stage: &str) -> Option<Vec<ServiceBody>> {
        self.stage(stage).map(|stage| stage.services)
    }

    fn stage_body(&self, stage: &shipyard::Stage) -> StageBody {
        StageBody {
            services: self.services.iter().map(|service| self.service_body(&stage.name, service)).collect(),
            stage_name: stage.name.clone(),
            parent_stages: parents(stage),
        }
    }

    fn service_body(&self, stage: &str, service: &Service) -> ServiceBody {
        let view = self.views.get(&(stage.to_owned(), service.name.clone())).cloned().unwrap_or_default();
        ServiceBody {
            creation_date: nanos(service.created),
            deployed_image: view.deployed_image,
            last_event_types: view.last_events.into_iter().map(|(kind, event)| (kind, EventBody::of(event))).collect(),
            open_remediations: None,
            service_name: service.name.clone(),
        }
    }
}

impl ServiceBody {
    pub(super) fn is(&self, name: &str) -> bool {
        self.service_name == name
    }
}

impl EventBody {
    fn of(event: LastEvent) -> Self {
        Self { event_id: event.event_id, keptn_context: event.context, time: nanos(event.time) }
    }
}

/// The other stages whose sequences start one of this stage, each once, in the order in which they are named.
fn parents(stage: &shipyard::Stage) -> Vec<String> {
    let mut parents: Vec<String> = Vec::new();
    for trigger in stage.sequences.iter().flat_map(|sequence| &sequence.triggered_on) {
        let parent = trigger.event.split('.').next().unwrap_or_default();
        if !parent.is_empty() && parent != stage.name && !parents.iter().any(|known| known == parent) {
            parents.push(parent.to_owned());
        }
    }
    parents
}

fn nanos(time: Timestamp) -> String {
    time.as_nanosecond().to_string()
}
