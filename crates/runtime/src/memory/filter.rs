//! Which events, offers, runs and sequences a filter means.

use std::borrow::Cow;

use capstan_engine::orchestrate::{Run, Sequence};
use capstan_model::event::CloudEvent;
use capstan_model::event::cloud_event::KEPTN_SPEC_VERSION;
use capstan_model::timeframe;
use jiff::Timestamp;
use serde_json::Value;

use super::state::{EventRow, State};
use crate::ports::{EventFilter, OfferFilter, Page, PathFilter, RunFilter, SequenceFilter, Slice};

/// Cuts a part out of a list that is sorted already.
pub(super) fn page<T, U>(list: impl Iterator<Item = T>, slice: Slice, show: impl Fn(T) -> U) -> Page<U> {
    let mut page = Page { items: Vec::new(), total: 0 };
    for item in list {
        if page.total >= slice.offset && page.total - slice.offset < slice.limit {
            page.items.push(show(item));
        }
        page.total += 1;
    }
    page
}

/// Whether an event is meant, its project and its context aside.
pub(super) fn is_event(state: &State, filter: &EventFilter, row: &EventRow) -> bool {
    let event = &row.event;
    is(filter.context.as_ref(), event.context.as_deref())
        && is(filter.kind.as_ref(), Some(&event.kind))
        && is(filter.source.as_ref(), Some(&event.source))
        && is(filter.id.as_ref(), Some(&event.id))
        && is(filter.stage.as_ref(), word(event, "stage"))
        && is(filter.service.as_ref(), word(event, "service"))
        && filter.after.is_none_or(|after| event.time.is_some_and(|time| time > after))
        && filter.before.is_none_or(|before| event.time.is_some_and(|time| time < before))
        && filter.paths.iter().all(|path| has_text(event, path))
        && (!filter.roots || row.is_root)
        && !(filter.exclude_invalidated && is_invalidated(state, event))
}

/// Whether an open offer is meant, its project aside.
pub(super) fn is_offer(filter: &OfferFilter, event: &CloudEvent) -> bool {
    is(filter.kind.as_ref(), Some(&event.kind))
        && is(filter.stage.as_ref(), word(event, "stage"))
        && is(filter.service.as_ref(), word(event, "service"))
        && is(filter.id.as_ref(), Some(&event.id))
}

/// Whether a run of the project is meant.
pub(super) fn is_run(filter: &RunFilter, run: &Run) -> bool {
    is(filter.name.as_ref(), Some(&run.name))
        && is(filter.state.as_ref(), Some(run.state().word()))
        && is_between(run.time, filter.after, filter.before)
        && (filter.contexts.is_empty() || filter.contexts.contains(&run.context))
}

/// Whether a sequence of the project is meant.
pub(super) fn is_sequence(filter: &SequenceFilter, sequence: &Sequence) -> bool {
    is(filter.stage.as_ref(), Some(&sequence.scope.stage))
        && is(filter.service.as_ref(), Some(&sequence.scope.service))
        && is(filter.context.as_ref(), Some(&sequence.scope.context))
        && is(filter.name.as_ref(), Some(&sequence.definition.name))
        && is(filter.state.as_ref(), Some(sequence.state()))
        && !(filter.open && sequence.is_over())
        && !(filter.begun && sequence.state() == "triggered")
}

fn is(wanted: Option<&String>, got: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| got == Some(wanted))
}

fn is_between(time: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    after.is_none_or(|after| time > after) && before.is_none_or(|before| time < before)
}

fn word<'a>(event: &'a CloudEvent, key: &str) -> Option<&'a str> {
    event.data.get(key).and_then(Value::as_str)
}

fn is_invalidated(state: &State, event: &CloudEvent) -> bool {
    event.triggered_id.as_ref().is_some_and(|id| {
        let same = state.invalidations.range((id.clone(), 0)..).take_while(|(other, _)| other == id);
        same.filter_map(|(_, position)| state.events.get(position)).any(|row| state.shows(row.project))
    })
}

fn has_text(event: &CloudEvent, filter: &PathFilter) -> bool {
    text_at(event, &filter.path).is_some_and(|text| filter.values.iter().any(|value| *value == text))
}

/// The text at a place of the event as it is written.
fn text_at<'a>(event: &'a CloudEvent, path: &[String]) -> Option<Cow<'a, str>> {
    let (first, rest) = path.split_first()?;
    let attribute = match first.as_str() {
        "data" => return rest.iter().try_fold(&event.data, member).and_then(Value::as_str).map(Cow::Borrowed),
        "id" => Some(&*event.id),
        "source" => Some(&*event.source),
        "type" => Some(&*event.kind),
        "specversion" => Some("1.0"),
        "datacontenttype" => Some("application/json"),
        "shkeptncontext" => event.context.as_deref(),
        "triggeredid" => event.triggered_id.as_deref(),
        "gitcommitid" => event.commit.as_deref(),
        "time" => return event.time.filter(|_| rest.is_empty()).map(|time| Cow::Owned(timeframe::display(time))),
        "shkeptnspecversion" if !event.extensions.contains_key(first) => Some(KEPTN_SPEC_VERSION),
        extension => {
            let value = event.extensions.get(extension)?;
            return rest.iter().try_fold(value, member).and_then(Value::as_str).map(Cow::Borrowed);
        }
    };
    attribute.filter(|_| rest.is_empty()).map(Cow::Borrowed)
}

fn member<'a>(value: &'a Value, key: &String) -> Option<&'a Value> {
    value.as_object().and_then(|object| object.get(key))
}
