//! The built-in approval tool: answers `approval.triggered` through ingest, as a foreign tool would.

use std::time::{Duration, Instant};

use capstan_engine::approval;
use capstan_engine::orchestrate::{APPROVAL, Attempt};
use capstan_model::event::rest::data_text;
use capstan_model::event::{CloudEvent, event_type};
use capstan_runtime::command::{Command, CommandError, IdempotencyKey, Ingest};
use capstan_runtime::ports::{OfferFilter, SequenceFilter, Slice, StoreError, StoreReader};
use capstan_runtime::writer::{Handle, SubmitError};

/// How often it reads all that is open at least; nothing relies on it.
const SAFETY: Duration = Duration::from_secs(30);

/// Answers open approvals until the server stops. Whenever a task was offered it reads what was offered since it last could answer
/// everything; at first that is all that is open, so a restart needs nothing of its own. The ids of its answers follow from what
/// they answer, so none counts twice.
pub async fn run(handle: Handle) {
    handle.polled_tasks().note(APPROVAL);
    let mut offers = handle.offers();
    // Behind it nothing waits for an answer of the tool; people may take days for theirs.
    let mut after = None;
    let mut whole = Instant::now();
    loop {
        if whole.elapsed() >= SAFETY {
            (after, whole) = (None, Instant::now());
        }
        match answer_open(&handle, after).await {
            Ok(last) => after = last,
            Err(SubmitError::Stopping) => return,
            Err(error) => tracing::warn!(%error, "an approval could not be answered yet"),
        }
        // Whether a task was offered or time has passed, there is to be looked.
        if let Ok(Err(_)) = tokio::time::timeout(SAFETY, offers.changed()).await {
            return;
        }
    }
}

/// Answers what was offered behind a position, and gives the last position that there is; one that cannot be answered does not
/// keep the others waiting.
async fn answer_open(handle: &Handle, after: Option<u64>) -> Result<Option<u64>, SubmitError> {
    let open = handle.read(move |reader| open(reader, after)).await.map_err(CommandError::from)?;
    let last = open.iter().map(|(position, _)| *position).max().max(after);
    let mut failed = None;
    for (_, triggered) in open {
        match answer(handle, triggered).await {
            Ok(()) => {}
            Err(SubmitError::Stopping) => return Err(SubmitError::Stopping),
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(last), Err)
}

async fn answer(handle: &Handle, triggered: CloudEvent) -> Result<(), SubmitError> {
    let missing = handle.read(move |reader| missing(reader, &triggered)).await.map_err(CommandError::from)?;
    for mut event in missing {
        let sent = serde_json::to_vec(&event.data).unwrap_or_default();
        event.time = Some(handle.clock().now());
        let key = Some(IdempotencyKey::of_event(&event.source, &event.id, &sent));
        handle.submit(Command::Ingest(Box::new(Ingest { event, key }))).await?;
    }
    Ok(())
}

/// Open approvals behind a position, with theirs.
fn open(reader: &dyn StoreReader, after: Option<u64>) -> Result<Vec<(u64, CloudEvent)>, StoreError> {
    let kind = Some(event_type::of_task(APPROVAL, "triggered"));
    let open = reader.offers(&OfferFilter { kind, after, ..OfferFilter::default() }, Slice::ALL)?.items;
    open.into_iter().map(|task| Ok((task.position, task.event.into_event()?))).collect()
}

/// Answers to an open approval that have not been taken in yet.
fn missing(reader: &dyn StoreReader, triggered: &CloudEvent) -> Result<Vec<CloudEvent>, StoreError> {
    let text = |field: &str| data_text(&triggered.data, field).to_owned();
    let mut missing = Vec::new();
    // The only states of a sequence with an open approval, alone or beside other tasks; a list by state does not read what
    // has ended.
    for state in ["waitingForApproval", "paused", "started"] {
        let filter = SequenceFilter {
            project: text("project"),
            stage: Some(text("stage")),
            service: Some(text("service")),
            context: triggered.context.clone(),
            state: Some(state.to_owned()),
            ..SequenceFilter::default()
        };
        let sequences = reader.sequences(&filter, Slice::ALL)?.items;
        for (_, attempt) in sequences.iter().filter_map(|sequence| sequence.attempt_of(&triggered.id)) {
            missing.extend(approval::answers(triggered).into_iter().filter(|answer| !has(attempt, answer)));
        }
    }
    Ok(missing)
}

fn has(attempt: &Attempt, answer: &CloudEvent) -> bool {
    attempt.events.iter().any(|event| event.id == answer.id)
}
