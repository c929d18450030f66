//! Keys that v1 does not have: how long, how often, when and beside what a task runs, and with what a sequence shares its
//! turn. A value that is not understood is an error: whoever writes one of them relies on it.

use std::collections::HashSet;

use jiff::SignedDuration;

use super::file::{ConcurrencyBlock, RetryBlock, TaskEntry};
use super::types::{Concurrency, Join, Policy, Retry};
use super::when::When;
use crate::diagnostic::{Diagnostic, Span};
use crate::duration::{self, DurationError};
use crate::yaml::Spanned;

/// The most attempts that a task may have.
const ATTEMPTS_MAX: i64 = 100;

/// Reads the keys and collects what is wrong with them.
pub(super) struct Flow<'t> {
    /// The whole file.
    text: &'t str,
    errors: Vec<Diagnostic>,
}

impl<'t> Flow<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, errors: Vec::new() }
    }

    /// What was wrong.
    pub(super) fn errors(self) -> Vec<Diagnostic> {
        self.errors
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.errors.push(Diagnostic::error(code, span, message).help(help));
    }

    /// A time after which something is given up.
    pub(super) fn limit(&mut self, text: Option<&Spanned<String>>) -> Option<SignedDuration> {
        let text = text?;
        let limit = self.duration(text)?;
        if limit.is_zero() {
            let message = format!("'{}' leaves no time", text.value);
            self.error("SHY021", text.span, message, "write a duration such as '30m', or remove the key");
            return None;
        }
        Some(limit)
    }

    /// A duration that is not below zero.
    fn duration(&mut self, text: &Spanned<String>) -> Option<SignedDuration> {
        let written = &text.value;
        let help = match duration::parse_with_days(written) {
            Ok(nanoseconds) if nanoseconds >= 0 => return Some(SignedDuration::from_nanos(nanoseconds)),
            Ok(_) => {
                self.error("SHY021", text.span, format!("'{written}' is below zero"), "write it without '-'");
                return None;
            }
            Err(DurationError::MissingUnit(_)) if written.bytes().all(|c| c.is_ascii_digit() || c == b'.') => {
                format!("a unit is missing: '{written}s' or '{written}m'?")
            }
            Err(_) => "write numbers with the units 's', 'm', 'h', 'd' or 'w', such as '90s' or '1h30m'".to_owned(),
        };
        self.error("SHY020", text.span, format!("'{written}' is no duration"), help);
        None
    }

    pub(super) fn retry(&mut self, block: &Spanned<RetryBlock>) -> Option<Retry> {
        const HELP: &str = "write a whole number from 1 to 100: attempts in all, the first included";
        let backoff = block.value.backoff.as_ref().map(|text| self.duration(text));
        let Some(attempts) = &block.value.attempts else {
            self.error(
                "SHY022",
                block.span,
                "'retry' does not say how often",
                "add 'attempts: 3', which counts the first one",
            );
            return None;
        };
        let number = attempts.value.value;
        let message = match number {
            _ if attempts.value.truncated => "a task is not tried a fraction of a time".to_owned(),
            ..=0 => format!("a task with {number} attempts is never tried"),
            1..=ATTEMPTS_MAX => {
                let backoff = backoff.unwrap_or(Some(SignedDuration::ZERO))?;
                return Some(Retry { attempts: u32::try_from(number).unwrap_or(1), backoff });
            }
            _ => format!("{number} attempts are too many"),
        };
        self.error("SHY022", attempts.span, message, HELP);
        None
    }

    pub(super) fn when(&mut self, text: &Spanned<String>) -> Option<When> {
        match When::parse(&text.value) {
            Ok(when) => Some(when),
            Err(error) => {
                let span = self.within(text, error.offset, error.length);
                self.error("SHY023", span, error.message, error.help);
                None
            }
        }
    }

    pub(super) fn join(&mut self, text: Option<&Spanned<String>>) -> Join {
        self.one_of("SHY024", "kind of join", text, &[("all", Join::All), ("any", Join::Any)])
    }

    pub(super) fn concurrency(&mut self, block: &ConcurrencyBlock) -> Concurrency {
        if let Some(key) = &block.key {
            self.check_key(key);
        }
        let policies = [("queue", Policy::Queue), ("supersede", Policy::Supersede), ("reject", Policy::Reject)];
        Concurrency {
            key: block.key.as_ref().map(|key| key.value.clone()),
            policy: self.one_of("SHY025", "policy", block.policy.as_ref(), &policies),
        }
    }

    /// The named choice; the first one where the key is absent or its value is none.
    fn one_of<T: Copy>(
        &mut self,
        code: &'static str,
        what: &str,
        text: Option<&Spanned<String>>,
        names: &[(&str, T)],
    ) -> T {
        let (_, default) = names[0];
        let Some(text) = text else { return default };
        if let Some((_, choice)) = names.iter().find(|(name, _)| *name == text.value) {
            return *choice;
        }
        let known: Vec<_> = names.iter().map(|(name, _)| *name).collect();
        self.errors.push(Diagnostic::no_such(code, text.span, what, &text.value, &known));
        default
    }

    /// Every placeholder of a concurrency key is a path between braces.
    fn check_key(&mut self, key: &Spanned<String>) {
        const HELP: &str = "write a path between braces, such as '{service}' or '{labels.region}'";
        let text = key.value.as_str();
        if text.is_empty() {
            let help = "write one such as 'deploy-{service}', or remove it to share the turn of stage and service";
            self.error("SHY031", key.span, "the key is empty", help);
        }
        let mut at = 0;
        while let Some(open) = text[at..].find(['{', '}']).map(|found| at + found) {
            let rest = &text[open + 1..];
            let length = match rest.find(['{', '}']) {
                _ if text[open..].starts_with('}') => Err("this '}' closes nothing"),
                Some(length) if rest[length..].starts_with('}') => Ok(length),
                _ => Err("this '{' is not closed"),
            };
            let (message, length) = match length {
                Err(message) => (message.to_owned(), 1),
                Ok(0) => ("'{}' stands for nothing".to_owned(), 2),
                Ok(length) if When::path(&rest[..length]).is_some() => {
                    at = open + length + 2;
                    continue;
                }
                Ok(length) => (format!("'{}' is no path", &rest[..length]), length + 2),
            };
            let span = self.within(key, open, length);
            self.error("SHY031", span, message, HELP);
            at = open + length;
        }
    }

    /// What the tasks of a sequence say of each other: groups hold together, and what is `finally` stands at the end.
    pub(super) fn check_groups(&mut self, tasks: &[Spanned<TaskEntry>]) {
        let mut named = HashSet::new();
        let mut before: Option<&TaskEntry> = None;
        for Spanned { value: task, .. } in tasks {
            let earlier = before.filter(|before| is_grouped_with(before, task));
            if let Some(name) = &task.parallel {
                self.check_group(name, earlier.is_some(), !named.insert(name.value.as_str()));
            }
            if let (Some(name), Some(earlier)) = (&task.parallel, earlier)
                && is_finally(earlier) != is_finally(task)
            {
                let span = task.finally.map_or(name.span, |finally| finally.span);
                let message = format!("some tasks of the group '{}' are 'finally' and some are not", name.value);
                self.error("SHY028", span, message, "write 'finally: true' on all of them, or on none");
            }
            if let Some(join) = &task.join {
                self.check_join(join.span, task.parallel.as_ref(), earlier.is_some());
            }
            before = Some(task);
        }
        self.check_ends(tasks);
    }

    fn check_group(&mut self, name: &Spanned<String>, goes_on: bool, is_known: bool) {
        if name.value.is_empty() {
            let help = "write a name, such as 'parallel: checks', or remove the key";
            self.error("SHY030", name.span, "this group has no name", help);
        } else if is_known && !goes_on {
            let message = format!("a group '{}' stands further up, with other tasks between", name.value);
            self.error("SHY029", name.span, message, "put its tasks side by side, or rename one of the two groups");
        }
    }

    fn check_join(&mut self, span: Span, group: Option<&Spanned<String>>, goes_on: bool) {
        if let Some(name) = group.filter(|_| goes_on) {
            let message = format!("only the first task of the group '{}' says when it is over", name.value);
            self.error("SHY026", span, message, "move 'join' there");
        } else if group.is_none() {
            self.error("SHY026", span, "'join' without a group joins nothing", "add 'parallel: checks', or remove it");
        }
    }

    /// Behind a task that is `finally` stands none that is not, but for those of its own group, of which is told elsewhere.
    fn check_ends(&mut self, tasks: &[Spanned<TaskEntry>]) {
        // Of the tasks behind the group that is gone through backwards, the first that is not `finally`.
        let mut behind: Option<&TaskEntry> = None;
        // Of the tasks of that group.
        let mut within: Option<&TaskEntry> = None;
        let mut later: Option<&TaskEntry> = None;
        for Spanned { value: task, .. } in tasks.iter().rev() {
            if later.is_some_and(|later| !is_grouped_with(task, later)) {
                behind = within.take().or(behind);
            }
            if !is_finally(task) {
                within = Some(task);
            }
            if let (Some(finally), Some(behind)) = (task.finally.filter(|finally| finally.value), behind) {
                let name = behind.name.as_ref().map_or("", |name| &name.value);
                let message = format!("what is 'finally' stands at the end, and '{name}' stands behind it");
                self.error("SHY027", finally.span, message, "move the task to the end, or remove 'finally'");
            }
            later = Some(task);
        }
    }

    /// The place of a part of a scalar; of the whole, where the file writes it so that the two do not run in parallel.
    fn within(&self, scalar: &Spanned<String>, offset: usize, length: usize) -> Span {
        let raw = self.text.get(scalar.span.start..scalar.span.end).unwrap_or_default();
        let place = |offset| place_in(raw, &scalar.value, offset).map(|place| scalar.span.start + place);
        match (place(offset), place(offset + length)) {
            (Some(start), Some(end)) => Span { start, end },
            _ => Span { end: scalar.span.start + raw.trim_end().len(), ..scalar.span },
        }
    }
}

/// Whether two neighbours are in one group.
fn is_grouped_with(task: &TaskEntry, next: &TaskEntry) -> bool {
    matches!((&task.parallel, &next.parallel), (Some(one), Some(other)) if one.value == other.value)
}

fn is_finally(task: &TaskEntry) -> bool {
    task.finally.is_some_and(|finally| finally.value)
}

/// Where in a scalar as written an offset of its text stands; none where more is escaped than a quote or a backslash. What
/// is folded stands in runs of space that need not be alike.
fn place_in(raw: &str, text: &str, offset: usize) -> Option<usize> {
    let mut rest = text.get(..offset)?;
    let mut place = match raw.chars().next()? {
        _ if raw == text => return Some(offset),
        '\'' | '"' => 1,
        '|' | '>' => {
            rest = rest.trim_start();
            behind_space(raw, raw.find('\n')?)
        }
        _ => 0,
    };
    while let Some(wanted) = rest.chars().next() {
        let written = raw.get(place..)?;
        if wanted.is_whitespace() {
            if !written.starts_with(char::is_whitespace) {
                return None;
            }
            place = behind_space(raw, place);
            rest = rest.trim_start();
            continue;
        }
        let escaped = match raw.as_bytes()[0] {
            b'\'' => written.starts_with("''"),
            b'"' => written.starts_with("\\\"") || written.starts_with("\\\\"),
            _ => false,
        };
        place += usize::from(escaped);
        if !raw[place..].starts_with(wanted) {
            return None;
        }
        place += wanted.len_utf8();
        rest = &rest[wanted.len_utf8()..];
    }
    Some(place)
}

/// Where the run of space at a place ends.
fn behind_space(text: &str, place: usize) -> usize {
    text.len() - text[place..].trim_start().len()
}
