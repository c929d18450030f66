//! The built-in approval tool: answers `approval.triggered` through ingest, as a foreign tool would.

use capstan_engine::approval;
use capstan_engine::orchestrate::Attempt;
use capstan_model::event::{CloudEvent, event_type};
use capstan_runtime::command::{Command, IdempotencyKey, Ingest};
use capstan_runtime::ports::{OfferFilter, SequenceFilter, Slice, StoreError, StoreReader};
use capstan_runtime::writer::{Handle, SubmitError};
use std::time::Duration;

/// How long it sleeps at most; nothing relies on it.
const SAFETY: Duration = Duration::from_secs(30);

/// Answers open approvals until the server stops. It re-reads what is open whenever a task was offered, so a restart needs
/// nothing of its own; the ids of its answers follow from what they answer, so none counts twice.
pub async fn run(handle: Handle) {
    let mut offers = handle.offers();
    loop {
        match answer_open(&handle).await {
            Ok(()) => {}
            Err(SubmitError::Stopping) => return,
            Err(error) => tracing::warn!(%error, "an approval could not be answered yet"),
        }
        // Whether a task was offered or time has passed, what is open is read again.
        if let Ok(Err(_)) = tokio::time::timeout(SAFETY, offers.changed()).await {
            return;
        }
    }
}

async fn answer_open(handle: &Handle) -> Result<(), SubmitError> {
    let missing = handle.read(missing_answers).await.map_err(capstan_runtime::command::CommandError::from)?;
    for mut event in missing {
        let sent = serde_json::to_vec(&event.data).unwrap_or_default();
        event.time = Some(handle.clock().now());
        let key = Some(IdempotencyKey::of_event(&event.source, &event.id, &sent));
        handle.submit(Command::Ingest(Box::new(Ingest { event, key }))).await?;
    }
    Ok(())
}

/// Answers to open approvals that have not been taken in yet.
fn missing_answers(reader: &dyn StoreReader) -> Result<Vec<CloudEvent>, StoreError> {
    let kind = Some(event_type::of_task("approval", "triggered"));
    let open = reader.offers(&OfferFilter { kind, ..OfferFilter::default() }, Slice::ALL)?;
    let mut missing = Vec::new();
    for triggered in open.items {
        let project = triggered.data.get("project").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let filter = SequenceFilter { project, context: triggered.context.clone(), ..SequenceFilter::default() };
        let sequences = reader.sequences(&filter, Slice::ALL)?;
        let attempts = sequences.items.iter().filter_map(|sequence| sequence.attempt());
        let Some(attempt) = attempts.into_iter().find(|attempt| attempt.triggered_id == triggered.id) else { continue };
        missing.extend(approval::answers(&triggered).into_iter().filter(|answer| !has(attempt, answer)));
    }
    Ok(missing)
}

fn has(attempt: &Attempt, answer: &CloudEvent) -> bool {
    attempt.events.iter().any(|event| event.id == answer.id)
}
