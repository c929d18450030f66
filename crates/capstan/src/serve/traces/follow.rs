//! The loop that tells runs as traces: it follows the facts by position, as streams do.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use capstan_engine::orchestrate::Fact;
use capstan_runtime::ports::{EventFilter, FactFilter, Slice, StoreError, StoreReader};
use capstan_runtime::writer::Handle;
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::position::Position;
use super::receiver::{Receiver, Refused};
use super::tree::{self, Part};

/// How often it is looked whether something was committed: what ends meanwhile shares a request.
const TICK: Duration = Duration::from_secs(1);

/// How many facts are looked at for one request.
const SLICE: u64 = 512;

/// How long to wait before a further try; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Tells runs as traces for as long as the server runs.
pub(in crate::serve) struct Exporter {
    handle: Handle,
    receiver: Receiver,
    position: Position,
}

impl Exporter {
    /// Goes on where an earlier start has left off.
    pub(in crate::serve) async fn open(handle: Handle, receiver: Receiver, data: &Path) -> Result<Self, StoreError> {
        let span = handle.read(|reader| reader.fact_span()).await?;
        Ok(Self { handle, receiver, position: Position::open(data, span) })
    }

    /// Never ends.
    pub(in crate::serve) async fn run(mut self) {
        let mut commits = self.handle.commits();
        commits.mark_changed();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // Before it looks: what is committed meanwhile is seen now or at the next tick.
            if !commits.has_changed().unwrap_or(false) {
                continue;
            }
            commits.mark_unchanged();
            if let Err(error) = self.catch_up().await {
                tracing::error!(%error, "traces cannot be told, as the store cannot be read");
                commits.mark_changed();
            }
        }
    }

    async fn catch_up(&mut self) -> Result<(), StoreError> {
        loop {
            let after = self.position.at();
            let (spans, last) = self.handle.read(move |reader| ended(reader, after)).await?;
            if last == after {
                return Ok(());
            }
            if !spans.is_empty() {
                self.deliver(spans).await;
            }
            self.position.advance(last);
        }
    }

    /// Sends until the receiver has taken or refused them. Meanwhile the store keeps what follows.
    async fn deliver(&self, spans: Vec<Span>) {
        let mut pause = FIRST_PAUSE;
        let mut away = false;
        loop {
            match self.receiver.send(spans.clone()).await {
                Ok(()) => {
                    if away {
                        tracing::info!("the receiver of traces is back");
                    }
                    return;
                }
                Err(Refused::ForGood(why)) => {
                    let url = self.receiver.address();
                    tracing::error!(url, why, spans = spans.len(), "the receiver of traces does not take these spans");
                    return;
                }
                Err(Refused::ForNow { why, help }) => {
                    // Once, however long it takes.
                    if !std::mem::replace(&mut away, true) {
                        tracing::warn!(
                            url = self.receiver.address(),
                            why,
                            help,
                            "the receiver of traces does not take any"
                        );
                    }
                }
            }
            let _ = timeout(pause, std::future::pending::<()>()).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// The spans of all that ended in the next part of the facts, and the last position of that part.
fn ended(reader: &dyn StoreReader, after: u64) -> Result<(Vec<Span>, u64), StoreError> {
    let page = reader.facts_after(&FactFilter::default(), after, SLICE)?;
    let part = Part { after, last: page.last };
    let runs: BTreeSet<(String, String)> = page
        .items
        .into_iter()
        .filter(|placed| tree::ends_something(&placed.stored.fact))
        .filter_map(|placed| Some((placed.project?, placed.stored.context)))
        .collect();
    let mut spans = Vec::new();
    for (name, context) in runs {
        let Some(project) = reader.project(&name)? else { continue };
        // Before its facts: one that is over here has all of them there.
        let Some(run) = reader.runs_of(&context)?.into_iter().find(|run| run.project == name) else { continue };
        let facts = reader.facts(project.id, &context)?;
        let trigger = facts.iter().find_map(|stored| match &stored.fact {
            Fact::Triggered(birth) => Some(birth.scope.triggered_id.clone()),
            _ => None,
        });
        let caused_by = trigger.map(|id| cause(reader, &context, id)).transpose()?.flatten();
        spans.extend(tree::of(&run, &facts, part, caused_by.as_deref()));
    }
    Ok((spans, part.last))
}

/// `traceparent` of the event that began a run.
fn cause(reader: &dyn StoreReader, context: &str, id: String) -> Result<Option<String>, StoreError> {
    let filter = EventFilter { id: Some(id), context: Some(context.to_owned()), ..EventFilter::default() };
    let event = reader.events(&filter, Slice { offset: 0, limit: 1 })?.items.pop();
    Ok(event.and_then(|stored| stored.event.extensions.get("traceparent")?.as_str().map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use capstan_engine::orchestrate::Control;
    use capstan_model::event::CloudEvent;
    use capstan_runtime::command::Command;
    use capstan_runtime::simulator::World;
    use jiff::SignedDuration;
    use serde_json::json;

    use super::*;

    const SHIPYARD: &str = "apiVersion: spec.keptn.sh/0.2.3
kind: Shipyard
spec: {stages: [{name: dev, sequences: [{name: delivery, tasks: [{name: build}]}]}]}
";

    fn world() -> World {
        let mut world = World::new();
        world.project("shop", SHIPYARD);
        let event = json!({
            "id": "t", "type": "sh.keptn.event.dev.delivery.triggered", "source": "ci", "shkeptncontext": "run",
            "data": {"project": "shop", "stage": "dev", "service": "cart"}
        });
        world.ingest(CloudEvent::from_json(event).unwrap());
        world
    }

    /// Name and reason of all that ended behind a position, told in parts; and the last position.
    fn told(world: &World, mut after: u64) -> (Vec<(String, String)>, u64) {
        let reader = world.reader();
        let mut all = Vec::new();
        loop {
            let (spans, last) = ended(&*reader, after).unwrap();
            if last == after {
                return (all, after);
            }
            all.extend(spans.into_iter().map(|span| (span.name, span.status.unwrap().message)));
            after = last;
        }
    }

    #[test]
    fn what_the_end_of_a_run_cuts_off_has_a_span_too_and_nothing_is_told_twice() {
        let mut world = world();
        let (open, position) = told(&world, 0);
        assert_eq!(open, []);
        let (project, context) = ("shop".to_owned(), "run".to_owned());
        let abort = Command::Control { project, context, stage: None, control: Control::Abort };
        world.submit(abort).unwrap();
        let (all, position) = told(&world, position);
        let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["build", "dev.delivery", "delivery"]);
        assert!(all[0].1.is_empty() && !all[1].1.is_empty() && !all[2].1.is_empty(), "{all:?}");
        assert_eq!(told(&world, position), (vec![], position));
    }

    #[test]
    fn a_task_that_nobody_takes_up_has_failed() {
        let mut world = world();
        world.advance(SignedDuration::from_hours(1));
        let (all, _) = told(&world, 0);
        assert!(all.len() == 3 && all.iter().all(|(_, why)| !why.is_empty()), "{all:?}");
    }
}
