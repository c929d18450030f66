//! The list of behaviours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    burial, census, claims, event_filters, events, expiry, facts, offers, projects, runs, sequences, totals,
    transactions, waiting,
};
use crate::ports::Store;

/// Checks one behaviour on stores that the given function makes, each fresh and empty. Panics where it does not hold.
pub type Behaviour = fn(&dyn Fn() -> Box<dyn Store>);

macro_rules! list {
    ($($module:ident :: $name:ident,)*) => {
        &[$((concat!(stringify!($module), "::", stringify!($name)), $module::$name as Behaviour)),*]
    };
}

/// All behaviours with their names.
pub fn behaviours() -> &'static [(&'static str, Behaviour)] {
    list![
        transactions::a_commit_is_visible_to_all_and_nothing_before_it,
        transactions::what_is_dropped_has_not_happened,
        transactions::a_rollback_undoes_every_kind_of_write,
        transactions::a_release_keeps_what_was_written,
        transactions::savepoints_follow_each_other,
        transactions::a_reopened_store_holds_all_that_was_committed,
        projects::a_project_is_found_under_its_name,
        projects::a_ghost_is_found_but_not_listed,
        projects::a_configuration_is_replaced_and_makes_a_ghost_a_project,
        projects::projects_are_listed_by_name_bytewise,
        projects::services_are_those_of_their_project,
        projects::services_are_listed_by_name_bytewise,
        projects::a_removed_service_takes_its_views_along,
        projects::views_are_empty_at_first_and_replaced,
        projects::views_are_listed_by_stage_then_by_service,
        projects::a_shipyard_may_be_interned_twice,
        projects::answers_are_remembered_for_their_time,
        burial::a_buried_project_is_in_no_answer,
        burial::a_new_project_of_the_same_name_starts_empty,
        burial::the_same_ids_may_come_again_in_a_new_project,
        burial::other_projects_stay_as_they_are,
        burial::a_purge_in_slices_ends_with_nothing_left,
        burial::a_purge_forgets_answers_past_their_time,
        burial::ids_of_projects_are_never_used_again,
        burial::a_ghost_can_be_buried,
        expiry::how_long_runs_are_kept_reads_back,
        expiry::a_run_past_its_time_goes_with_all_that_belongs_to_it,
        expiry::a_run_that_is_open_stays,
        expiry::evaluations_stay_longer,
        expiry::evaluations_stay_as_long_as_their_run,
        expiry::what_a_project_says_comes_before_what_the_server_says,
        expiry::a_context_may_come_again_while_its_old_run_goes,
        expiry::the_lists_know_their_length_afterwards,
        expiry::a_project_is_buried_with_its_buried_runs,
        events::an_event_reads_back_as_it_was,
        events::positions_grow,
        events::events_come_newest_first_with_ties_by_position,
        events::events_come_in_pages,
        events::an_event_without_a_project_is_in_no_project,
        events::tasks_are_handled_that_were_started,
        events::facts_come_in_the_order_in_which_they_were_stated,
        events::every_kind_of_fact_reads_back,
        facts::facts_are_followed_in_order_with_their_places,
        facts::each_field_filters,
        facts::facts_are_followed_in_slices,
        facts::one_look_at_facts_is_bounded,
        facts::facts_of_a_buried_project_are_passed_over,
        facts::the_span_is_that_of_the_committed_facts,
        facts::facts_below_a_position_are_removed,
        event_filters::each_field_filters,
        event_filters::fields_are_combined,
        event_filters::the_project_is_the_one_that_it_was_appended_under,
        event_filters::times_are_exclusive_to_the_nanosecond,
        event_filters::a_root_is_the_first_event_of_its_context,
        event_filters::paths_match_texts_alone,
        event_filters::invalidated_events_are_left_out,
        totals::totals_of_a_project_and_of_a_type_in_it_are_exact,
        totals::a_long_filtered_list_says_that_more_follows,
        runs::a_run_reads_back_and_is_replaced,
        runs::runs_come_newest_first_in_pages,
        runs::each_field_filters,
        runs::every_state_can_be_asked_for,
        runs::one_context_may_be_in_several_projects,
        sequences::a_sequence_reads_back_and_is_replaced,
        sequences::sequences_come_newest_first_in_pages,
        sequences::each_field_filters,
        sequences::every_state_can_be_asked_for,
        offers::offers_come_newest_first_in_pages,
        offers::an_offer_is_passed_on_as_it_was_stored,
        offers::each_field_filters,
        offers::a_withdrawn_offer_is_listed_no_more,
        offers::who_offered_a_task_is_known_for_ever,
        claims::what_is_listed_is_offered,
        claims::what_a_tool_has_it_cannot_claim,
        claims::each_field_filters,
        claims::the_oldest_are_claimed_first,
        claims::takers_go_with_the_offer_and_with_the_project,
        census::an_empty_store_has_nothing_open,
        census::what_is_open_is_counted,
        waiting::queues_are_empty_at_first_and_replaced,
        waiting::a_name_of_a_queue_is_any_text,
        waiting::a_queue_of_those_that_stand_aside_is_kept,
        waiting::a_timer_is_replaced_by_one_of_its_kind,
        waiting::a_disarmed_timer_is_gone,
        waiting::elapsed_timers_come_oldest_first_and_stay,
        waiting::the_next_timer_is_the_earliest,
        waiting::deferred_inputs_are_taken_once_and_oldest_first,
    ]
}

/// Checks all behaviours, and panics at the end with the names of those that do not hold and why.
pub fn run_all(make: &dyn Fn() -> Box<dyn Store>) {
    let failed: Vec<String> = behaviours()
        .iter()
        .filter_map(|(name, check)| {
            let why = catch_unwind(AssertUnwindSafe(|| check(make))).err()?;
            Some(format!("{name}: {}", message(&*why)))
        })
        .collect();
    let (count, all) = (failed.len(), behaviours().len());
    assert!(failed.is_empty(), "{count} of {all} behaviours do not hold\n\n{}", failed.join("\n\n"));
}

fn message(why: &(dyn Any + Send)) -> &str {
    let text = why.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| why.downcast_ref::<&str>().copied()).unwrap_or("it panicked without a message")
}
