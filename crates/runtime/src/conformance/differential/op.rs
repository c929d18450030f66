//! What may be done to both.

use proptest::prelude::*;

/// Something to do. Small numbers stand for names, of which there are few, so that operations meet; what a store need
/// not stand, such as a second living project of a name, is left out when it is done.
#[derive(Debug, Clone)]
pub enum Op {
    /// Add a project, or a ghost.
    AddProject {
        /// Its name.
        name: u8,
        /// Whether it has no configuration.
        ghost: bool,
    },
    /// Give a project another configuration.
    Configure {
        /// Its name.
        name: u8,
        /// Which.
        configuration: u8,
    },
    /// Bury a project.
    Bury(u8),
    /// Say how long a project's runs are kept.
    Retain {
        /// Its name.
        name: u8,
        /// How long: 0 as the server says, 1 for ever.
        runs: u8,
        /// The same of evaluations.
        evaluations: u8,
    },
    /// Bury the runs that are past their time, and purge until nothing is left.
    Expire {
        /// The time.
        now: u8,
        /// How long the server keeps runs.
        runs: u8,
        /// How long it keeps evaluations.
        evaluations: u8,
        /// Rows at a time.
        limit: u8,
    },
    /// Purge a slice.
    PurgeSome {
        /// Rows.
        limit: u8,
    },
    /// Purge until nothing is left.
    PurgeAll {
        /// The time.
        now: u8,
        /// Rows at a time.
        limit: u8,
    },
    /// Add a service.
    AddService {
        /// The project.
        name: u8,
        /// The service.
        service: u8,
    },
    /// Remove a service.
    RemoveService {
        /// The project.
        name: u8,
        /// The service.
        service: u8,
    },
    /// Replace what is shown of a service.
    PutView {
        /// The project.
        name: u8,
        /// The stage.
        stage: u8,
        /// The service.
        service: u8,
        /// What.
        view: u8,
    },
    /// Intern a shipyard.
    PutShipyard(u8),
    /// Remember an answer.
    Remember {
        /// The key.
        key: u8,
        /// The answer.
        answer: u8,
        /// Until when.
        until: u8,
    },
    /// Append an event.
    Append(EventOp),
    /// Append a fact.
    AppendFact {
        /// The project.
        name: Option<u8>,
        /// The context.
        context: u8,
        /// Which.
        fact: u8,
    },
    /// Remove facts below one of those that were ever appended.
    RemoveFacts(u8),
    /// Put a run.
    PutRun {
        /// The project.
        name: u8,
        /// The context.
        context: u8,
        /// Its state and more.
        variant: u8,
    },
    /// Put a sequence.
    PutSequence {
        /// The project.
        name: u8,
        /// Which.
        sequence: u8,
        /// Its state and more.
        variant: u8,
    },
    /// Replace a queue.
    PutQueue {
        /// The project.
        name: u8,
        /// The stage.
        stage: u8,
        /// The service.
        service: u8,
        /// How long it is.
        length: u8,
    },
    /// Append an event and list it.
    Offer {
        /// The project.
        name: u8,
        /// Which.
        offer: u8,
        /// Who offers it.
        sequence: u8,
    },
    /// List an event no more.
    Withdraw {
        /// The project.
        name: u8,
        /// Which.
        offer: u8,
    },
    /// A tool has a listed task, or has it no more.
    Take {
        /// The project.
        name: u8,
        /// Which task.
        offer: u8,
        /// The tool.
        tool: u8,
        /// Whether it gives it back.
        back: bool,
    },
    /// Ask what a tool can claim.
    Claimable {
        /// The project; none: any.
        name: Option<u8>,
        /// The tool.
        tool: u8,
        /// How many.
        limit: u8,
        /// Bits: whether stage and service are asked for, and whether by words that fit.
        place: u8,
    },
    /// Set a timer.
    Arm {
        /// The project.
        name: u8,
        /// The sequence.
        sequence: u8,
        /// The kind.
        kind: u8,
        /// When.
        due: u8,
    },
    /// Remove a timer.
    Disarm {
        /// The project.
        name: u8,
        /// The sequence.
        sequence: u8,
        /// The kind.
        kind: u8,
    },
    /// Ask which timers have elapsed.
    DueTimers {
        /// The time.
        now: u8,
        /// How many.
        limit: u8,
    },
    /// Leave an input.
    Defer {
        /// The project.
        name: u8,
        /// Which.
        input: u8,
    },
    /// Take inputs.
    TakeDeferred(u8),
    /// Ask the transaction for everything.
    Look,
    /// Set the mark, if there is none.
    Savepoint,
    /// Release the mark, if there is one.
    Release,
    /// Roll back to the mark, if there is one.
    Rollback,
    /// Commit, and begin another transaction.
    Commit,
    /// Drop the transaction, and begin another.
    Drop,
    /// Commit, and reopen both.
    Reopen,
}

/// An event to append.
#[derive(Debug, Clone)]
pub struct EventOp {
    /// The project; none: it has none.
    pub name: Option<u8>,
    /// The context; 0: none.
    pub context: u8,
    /// The type.
    pub kind: u8,
    /// The source.
    pub source: u8,
    /// `data.stage`.
    pub stage: u8,
    /// `data.service`.
    pub service: u8,
    /// `data.result`.
    pub result: u8,
    /// The id.
    pub id: u8,
    /// The `triggeredid`; 0: none.
    pub triggered_id: u8,
    /// The time.
    pub time: u8,
}

fn event() -> impl Strategy<Value = EventOp> {
    let names = (prop::option::weighted(0.9, 0..3_u8), 0..3_u8, 0..5_u8, 0..2_u8);
    let rest = (0..3_u8, 0..2_u8, 0..6_u8, 0..4_u8, 0..3_u8, 0..8_u8);
    (names, rest).prop_map(|((name, context, kind, source), (stage, service, result, id, triggered_id, time))| {
        EventOp { name, context, kind, source, stage, service, result, id, triggered_id, time }
    })
}

fn op() -> impl Strategy<Value = Op> {
    let name = || 0..3_u8;
    prop_oneof![
        6 => (name(), any::<bool>()).prop_map(|(name, ghost)| Op::AddProject { name, ghost }),
        1 => (name(), 0..3_u8).prop_map(|(name, configuration)| Op::Configure { name, configuration }),
        2 => name().prop_map(Op::Bury),
        2 => (name(), 0..4_u8, 0..4_u8).prop_map(|(name, runs, evaluations)| Op::Retain { name, runs, evaluations }),
        3 => (0..8_u8, 0..4_u8, 0..4_u8, 1..20_u8)
            .prop_map(|(now, runs, evaluations, limit)| Op::Expire { now, runs, evaluations, limit }),
        1 => (0..8_u8).prop_map(|limit| Op::PurgeSome { limit }),
        1 => (0..8_u8, 1..20_u8).prop_map(|(now, limit)| Op::PurgeAll { now, limit }),
        3 => (name(), 0..3_u8).prop_map(|(name, service)| Op::AddService { name, service }),
        1 => (name(), 0..3_u8).prop_map(|(name, service)| Op::RemoveService { name, service }),
        2 => (name(), 0..2_u8, 0..3_u8, 0..3_u8)
            .prop_map(|(name, stage, service, view)| Op::PutView { name, stage, service, view }),
        1 => (0..2_u8).prop_map(Op::PutShipyard),
        2 => (0..2_u8, 0..3_u8, 0..8_u8).prop_map(|(key, answer, until)| Op::Remember { key, answer, until }),
        12 => event().prop_map(Op::Append),
        4 => (prop::option::weighted(0.9, name()), 0..3_u8, 0..4_u8)
            .prop_map(|(name, context, fact)| Op::AppendFact { name, context, fact }),
        1 => (0..20_u8).prop_map(Op::RemoveFacts),
        5 => (name(), 0..3_u8, 0..12_u8).prop_map(|(name, context, variant)| Op::PutRun { name, context, variant }),
        5 => (name(), 0..3_u8, 0..12_u8)
            .prop_map(|(name, sequence, variant)| Op::PutSequence { name, sequence, variant }),
        2 => (name(), 0..2_u8, 0..2_u8, 0..4_u8)
            .prop_map(|(name, stage, service, length)| Op::PutQueue { name, stage, service, length }),
        4 => (name(), 0..4_u8, 0..3_u8).prop_map(|(name, offer, sequence)| Op::Offer { name, offer, sequence }),
        2 => (name(), 0..4_u8).prop_map(|(name, offer)| Op::Withdraw { name, offer }),
        4 => (name(), 0..4_u8, 0..2_u8, prop::bool::weighted(0.3))
            .prop_map(|(name, offer, tool, back)| Op::Take { name, offer, tool, back }),
        3 => (prop::option::of(name()), 0..3_u8, 0..5_u8, 0..16_u8)
            .prop_map(|(name, tool, limit, place)| Op::Claimable { name, tool, limit, place }),
        4 => (name(), 0..3_u8, 0..3_u8, 0..6_u8)
            .prop_map(|(name, sequence, kind, due)| Op::Arm { name, sequence, kind, due }),
        2 => (name(), 0..3_u8, 0..3_u8).prop_map(|(name, sequence, kind)| Op::Disarm { name, sequence, kind }),
        1 => (0..6_u8, 0..5_u8).prop_map(|(now, limit)| Op::DueTimers { now, limit }),
        3 => (name(), 0..4_u8).prop_map(|(name, input)| Op::Defer { name, input }),
        1 => (0..4_u8).prop_map(Op::TakeDeferred),
        1 => Just(Op::Look),
        3 => Just(Op::Savepoint),
        2 => Just(Op::Release),
        2 => Just(Op::Rollback),
        4 => Just(Op::Commit),
        1 => Just(Op::Drop),
        1 => Just(Op::Reopen),
    ]
}

/// Random operations, some ten transactions' worth at most.
pub fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..120)
}
