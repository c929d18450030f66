//! Keys that users write for another: as other systems call it, or one level too high or too low. Each with what is then said.

type Strays<const N: usize> = [(&'static str, &'static str); N];

const MEANS_WHEN: &str = "did you mean 'when'?";
const MEANS_RETRY: &str = "did you mean 'retry: {attempts: 3}'?";
const MEANS_TIMEOUT: &str = "did you mean 'timeout'?";
const MEANS_CONCURRENCY: &str = "did you mean 'concurrency'?";
const MEANS_ATTEMPTS: &str = "did you mean 'attempts'?";
const MEANS_BACKOFF: &str = "did you mean 'backoff'?";
const ON_TASKS: &str = "it stands on a task, below 'tasks:'";
const ON_SEQUENCES: &str = "it stands on a sequence, beside 'tasks:'";

pub(super) const OF_TASKS: Strays<18> = [
    ("if", MEANS_WHEN),
    ("onlyIf", MEANS_WHEN),
    ("condition", MEANS_WHEN),
    ("retries", MEANS_RETRY),
    ("attempts", MEANS_RETRY),
    ("backoff", MEANS_RETRY),
    ("maxRetries", MEANS_RETRY),
    ("deadline", MEANS_TIMEOUT),
    ("timeoutSeconds", MEANS_TIMEOUT),
    ("timeoutMinutes", MEANS_TIMEOUT),
    ("delay", "did you mean 'triggeredAfter'?"),
    ("group", "did you mean 'parallel'?"),
    ("parallelGroup", "did you mean 'parallel'?"),
    ("always", "did you mean 'finally'?"),
    ("alwaysRun", "did you mean 'finally'?"),
    ("concurrency", ON_SEQUENCES),
    ("policy", ON_SEQUENCES),
    ("triggeredOn", ON_SEQUENCES),
];

pub(super) const OF_SEQUENCES: Strays<14> = [
    ("lock", MEANS_CONCURRENCY),
    ("mutex", MEANS_CONCURRENCY),
    ("group", MEANS_CONCURRENCY),
    ("deadline", MEANS_TIMEOUT),
    ("on", "did you mean 'triggeredOn'?"),
    ("key", "did you mean 'concurrency: {key: …}'?"),
    ("policy", "did you mean 'concurrency: {policy: …}'?"),
    ("retry", ON_TASKS),
    ("when", ON_TASKS),
    ("parallel", ON_TASKS),
    ("join", ON_TASKS),
    ("finally", ON_TASKS),
    ("startTimeout", ON_TASKS),
    ("triggeredAfter", ON_TASKS),
];

pub(super) const OF_RETRIES: Strays<8> = [
    ("count", MEANS_ATTEMPTS),
    ("times", MEANS_ATTEMPTS),
    ("limit", MEANS_ATTEMPTS),
    ("max", MEANS_ATTEMPTS),
    ("maxAttempts", MEANS_ATTEMPTS),
    ("delay", MEANS_BACKOFF),
    ("interval", MEANS_BACKOFF),
    ("wait", MEANS_BACKOFF),
];

pub(super) const OF_CONCURRENCY: Strays<4> = [
    ("group", "did you mean 'key'?"),
    ("mode", "did you mean 'policy'?"),
    ("strategy", "did you mean 'policy'?"),
    ("cancel-in-progress", "did you mean 'policy: supersede'?"),
];
