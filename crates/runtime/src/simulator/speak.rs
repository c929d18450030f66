//! What tools and people say to a world.

use capstan_engine::orchestrate::{Control, Origin, Wish};
use capstan_model::event::{CloudEvent, event_type};
use serde_json::{Map, Value};

use super::agenda::Act;
use super::tool::reaction;
use super::world::World;
use crate::command::{CommandError, Reply};

impl World {
    /// Triggers a sequence in a run of its own, whose context it gives. `data` is merged with project, stage and service.
    #[allow(clippy::needless_pass_by_value, reason = "json!() is handed in")]
    pub fn trigger(&mut self, project: &str, stage: &str, sequence: &str, service: &str, data: Value) -> String {
        let context = self.new_id();
        self.trigger_in(&context, project, stage, sequence, service, data);
        context
    }

    /// Triggers a sequence in a run that there may be already. Gives the id of the event.
    pub fn trigger_in(
        &mut self,
        context: &str,
        project: &str,
        stage: &str,
        sequence: &str,
        service: &str,
        data: Value,
    ) -> String {
        let event = Self::triggered(context, project, stage, sequence, service, data);
        self.say(event)
    }

    /// The event that triggers a sequence, without an id.
    pub fn triggered(
        context: &str,
        project: &str,
        stage: &str,
        sequence: &str,
        service: &str,
        data: Value,
    ) -> CloudEvent {
        let mut said = Map::new();
        for (field, text) in [("project", project), ("stage", stage), ("service", service)] {
            said.insert(field.to_owned(), text.into());
        }
        if let Value::Object(data) = data {
            said.extend(data);
        }
        CloudEvent {
            id: String::new(),
            source: "outside".to_owned(),
            kind: event_type::of_sequence(stage, sequence, "triggered"),
            time: None,
            context: Some(context.to_owned()),
            triggered_id: None,
            commit: None,
            extensions: Map::new(),
            data: Value::Object(said),
        }
    }

    /// A tool starts on a task. Gives the id of the event.
    pub fn started(&mut self, task: &CloudEvent, source: &str) -> String {
        self.say(reaction(task, source, "started", &Map::new()))
    }

    /// A tool answers a task with just this data, and project, stage and service. Gives the id of the event.
    pub fn finished(&mut self, task: &CloudEvent, source: &str, data: Value) -> String {
        let data = if let Value::Object(data) = data { data } else { Map::new() };
        self.say(reaction(task, source, "finished", &data))
    }

    /// A tool is still at work. Gives the id of the event.
    pub fn status_changed(&mut self, task: &CloudEvent, source: &str) -> String {
        self.say(reaction(task, source, "status.changed", &Map::new()))
    }

    /// A tool starts on a task and answers it at once: status `succeeded`, and this result.
    pub fn answer(&mut self, task: &CloudEvent, source: &str, result: &str) -> String {
        self.started(task, source);
        self.finished(task, source, serde_json::json!({ "status": "succeeded", "result": result }))
    }

    /// Answers the task that is open, if there is just one; otherwise nothing happens, and it gives none.
    pub fn answer_only(&mut self, source: &str, result: &str) -> Option<String> {
        let mut open = self.offered();
        let task = open.pop().filter(|_| open.is_empty())?;
        Some(self.answer(&task, source, result))
    }

    /// Steers a run. Whether there was anything to steer.
    pub fn control(&mut self, project: &str, context: &str, stage: Option<&str>, control: Control) -> bool {
        let (project, context) = (project.to_owned(), context.to_owned());
        let done = self.perform(Act::Control { project, context, stage: stage.map(str::to_owned), control });
        self.catch_up();
        // Whoever is not answered says it again.
        matches!(done, None | Some(Ok(Reply::Done)))
    }

    /// Has done again what failed in a run. Fails where nothing is to be done again, and says why.
    pub fn rerun(
        &mut self,
        project: &str,
        context: &str,
        stage: Option<&str>,
        origin: Origin,
        wish: Wish,
    ) -> Result<Reply, CommandError> {
        let (project, context, stage) = (project.to_owned(), context.to_owned(), stage.map(str::to_owned));
        let done = self.perform(Act::Rerun { project, context, stage, origin, wish });
        self.catch_up();
        done.unwrap_or(Ok(Reply::Done))
    }

    /// Somebody sends an event, whose id is his own.
    pub(super) fn send(&mut self, event: CloudEvent) {
        self.perform(Act::Event(Box::new(event)));
        self.catch_up();
    }

    fn say(&mut self, mut event: CloudEvent) -> String {
        event.id = self.new_id();
        let id = event.id.clone();
        self.perform(Act::Event(Box::new(event)));
        self.catch_up();
        id
    }
}
