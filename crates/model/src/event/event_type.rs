//! What the type of an event says (contract: core.md 1.2).

/// What every type of Keptn begins with.
pub const PREFIX: &str = "sh.keptn.event.";

/// The parts of an event's type that orchestration goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventType<'a> {
    /// `sh.keptn.event.<task>.<phase>`.
    Task {
        /// Name of the task.
        task: &'a str,
        /// `triggered`, `started`, `finished`, `invalidated`, …
        phase: &'a str,
    },
    /// `sh.keptn.event.<task>.status.changed`: a sign of life.
    StatusChanged {
        /// Name of the task.
        task: &'a str,
    },
    /// `sh.keptn.event.<stage>.<sequence>.<phase>`.
    Sequence {
        /// Name of the stage.
        stage: &'a str,
        /// Name of the sequence.
        sequence: &'a str,
        /// `triggered`, `finished`, …
        phase: &'a str,
    },
    /// Nothing that orchestration knows; it is kept all the same.
    Other,
}

impl<'a> EventType<'a> {
    /// Takes a type apart. As in v1 the number of parts decides, not the prefix.
    pub fn parse(kind: &'a str) -> Self {
        let parts: Vec<&str> = kind.split('.').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Self::Other;
        }
        match parts[..] {
            [_, _, _, task, phase] => Self::Task { task, phase },
            [_, _, _, task, "status", "changed"] => Self::StatusChanged { task },
            [_, _, _, stage, sequence, phase] => Self::Sequence { stage, sequence, phase },
            _ => Self::Other,
        }
    }
}

/// `sh.keptn.event.<task>.<phase>`.
pub fn of_task(task: &str, phase: &str) -> String {
    format!("{PREFIX}{task}.{phase}")
}

/// `sh.keptn.event.<stage>.<sequence>.<phase>`.
pub fn of_sequence(stage: &str, sequence: &str, phase: &str) -> String {
    format!("{PREFIX}{stage}.{sequence}.{phase}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_parts_decides() {
        assert_eq!(
            EventType::parse("sh.keptn.event.build.started"),
            EventType::Task { task: "build", phase: "started" }
        );
        assert_eq!(
            EventType::parse("sh.keptn.event.dev.delivery.triggered"),
            EventType::Sequence { stage: "dev", sequence: "delivery", phase: "triggered" }
        );
        assert_eq!(EventType::parse("sh.keptn.event.build.status.changed"), EventType::StatusChanged { task: "build" });
        for other in ["", "com.example.thing", "sh.keptn.event.delivery", "sh.keptn.event..triggered", "a.b.c.d.e.f.g"]
        {
            assert_eq!(EventType::parse(other), EventType::Other, "{other}");
        }
    }
}
