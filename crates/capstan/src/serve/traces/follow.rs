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
                    tracing::error!(why, spans = spans.len(), "the receiver of traces does not take these spans");
                    return;
                }
                Err(Refused::ForNow(why)) => {
                    // Once, however long it takes.
                    if !std::mem::replace(&mut away, true) {
                        let help = "they are sent again until it takes them; nothing is lost";
                        tracing::warn!(why, help, "the receiver of traces does not take any");
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
