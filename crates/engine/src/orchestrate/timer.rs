//! What happens when time has passed (contract: core.md 3.7; house rule: nothing waits without a clock).

use capstan_model::duration;
use capstan_model::event::event_type;
use capstan_model::shipyard;
use jiff::{SignedDuration, Timestamp};

use super::effect::{Effect, TimerKind};
use super::fact::Fact;
use super::sequence::{Deadline, Outcome, Phase};
use super::task;
use super::turn::Turn;

pub(super) fn elapsed(turn: &mut Turn<'_>, kind: TimerKind, up_since: Timestamp) {
    match kind {
        TimerKind::Delay => {
            task::offer_if_ready(turn);
            // One that comes too early comes again.
            if let Phase::Ready { due: Some(due), .. } = turn.state.phase
                && due > turn.at
            {
                turn.effect(Effect::Arm(TimerKind::Delay, due));
            }
        }
        TimerKind::Deadline => deadline(turn, up_since),
        TimerKind::Reminder => remind(turn),
    }
}

/// Nothing is farther off than a full term from now.
pub(super) fn set_back(turn: &mut Turn<'_>) {
    match &turn.state.phase {
        Phase::Ready { task, due: Some(due) } => {
            let delay = turn.state.definition.tasks.get(*task).map(shipyard::Task::delay).unwrap_or_default();
            let (task, latest) = (*task, turn.after(delay));
            if *due > latest {
                turn.record(Fact::TaskReady { task, due: Some(latest) });
                turn.effect(Effect::Arm(TimerKind::Delay, latest));
            }
        }
        Phase::Task(attempt) => {
            let latest = turn.after(attempt.term(turn.limits));
            if let Deadline::At(deadline) = attempt.deadline
                && deadline > latest
            {
                turn.record(Fact::DeadlineMoved { deadline: latest });
                turn.effect(Effect::Arm(TimerKind::Deadline, latest));
            }
        }
        Phase::Queued | Phase::Ready { .. } | Phase::Ended(_) => {}
    }
    let asks = turn.state.attempt().is_some_and(|attempt| attempt.asks && attempt.started() > 0);
    if asks || turn.state.paused {
        turn.arm_reminder();
    }
}

fn deadline(turn: &mut Turn<'_>, up_since: Timestamp) {
    let Some(attempt) = turn.state.attempt() else { return };
    let (Deadline::At(stated), Deadline::At(deadline)) =
        (attempt.deadline, attempt.deadline_since(turn.limits, up_since))
    else {
        return;
    };
    if turn.at < deadline {
        if stated != deadline {
            turn.record(Fact::DeadlineMoved { deadline });
        }
        turn.effect(Effect::Arm(TimerKind::Deadline, deadline));
        return;
    }
    let kind = event_type::of_task(turn.state.name_of(attempt.task), "triggered");
    let term = display(attempt.term(turn.limits));
    let message = if attempt.started() > 0 {
        let holders = attempt.holders().iter().map(|holder| format!("'{holder}'")).collect::<Vec<_>>().join(", ");
        format!("{holders} started on '{kind}' and gave no sign of life for {term}")
    } else if attempt.finished() > 0 {
        format!("'{kind}' was answered, but nobody started on it within {term}")
    } else {
        format!("nobody started on '{kind}' within {term}")
    };
    task::end(turn, Outcome::TimedOut, "errored", "fail", &message);
}

fn remind(turn: &mut Turn<'_>) {
    let since = turn.state.attempt().map_or(turn.state.triggered_at, |attempt| attempt.last_sign);
    turn.record(Fact::Reminded { since });
    turn.arm_reminder();
}

fn display(term: SignedDuration) -> String {
    duration::display_seconds(term.as_secs())
}
