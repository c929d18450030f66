//! What is shown of services, up to the last event.

use std::collections::BTreeMap;

use crate::ports::{Project, SequenceFilter, ServiceView, Slice, StoreError, StoreReader};

/// What is shown of the services of a project, by stage and service. Of a sequence that is open its last events are not stored
/// with the service yet: they are those of the sequence.
pub fn service_views(
    reader: &dyn StoreReader,
    project: &Project,
) -> Result<BTreeMap<(String, String), ServiceView>, StoreError> {
    // First, so that one that ends meanwhile is found with the service.
    let begun = SequenceFilter { project: project.name.clone(), open: true, begun: true, ..SequenceFilter::default() };
    let begun = reader.sequences(&begun, Slice::ALL)?.items;
    let stored = reader.service_views(project.id)?.into_iter();
    let mut views: BTreeMap<_, ServiceView> = stored.map(|(stage, service, view)| ((stage, service), view)).collect();
    for sequence in begun.iter().filter(|sequence| !sequence.latest_events.is_empty()) {
        let place = (sequence.scope.stage.clone(), sequence.scope.service.clone());
        views.entry(place).or_default().saw(&sequence.scope.context, &sequence.latest_events);
    }
    Ok(views)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use capstan_engine::orchestrate::LatestEvent;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn of_two_sequences_the_newer_event_is_shown_whichever_ends_first() {
        let event = |id: &str, second| {
            let time = Timestamp::from_second(second).unwrap();
            Arc::new(LatestEvent { kind: "sh.keptn.event.test.started".to_owned(), id: id.to_owned(), time })
        };
        let mut view = ServiceView::default();
        for (context, seen, shown) in [
            ("run-1", event("e-2", 2), "e-2"),
            ("run-2", event("e-1", 1), "e-2"),
            ("run-2", event("e-3", 2), "e-3"),
            ("run-2", event("e-4", 3), "e-4"),
        ] {
            view.saw(context, &[seen]);
            assert_eq!(view.last_events["sh.keptn.event.test.started"].event_id, shown);
        }
        assert_eq!(view.last_events["sh.keptn.event.test.started"].context, "run-2");
    }
}
