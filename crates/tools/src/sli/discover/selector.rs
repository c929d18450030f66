//! Which series belong to a service.

use std::fmt;

/// The placeholder for the length of the window, which is replaced by seconds with their unit, such as `300s`.
const WINDOW: &str = "$DURATION_SECONDS";

/// Label matchers with placeholders, as they stand between the braces of a query: `job="$SERVICE"`. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// The series whose `label` is `value`, in which `$` begins a placeholder.
    pub fn equal(label: &str, value: &str) -> Self {
        Self(matcher(label, "=", value))
    }

    /// The series whose `label` matches the regular expression `pattern` as a whole.
    pub fn matches(label: &str, pattern: &str) -> Self {
        Self(matcher(label, "=~", pattern))
    }

    /// Those of these series whose `label` is `value` as well.
    #[must_use]
    pub fn and_equal(&self, label: &str, value: &str) -> Self {
        Self(format!("{self},{}", matcher(label, "=", value)))
    }

    /// Those of these series whose `label` matches `pattern` as well.
    #[must_use]
    pub fn and_matches(&self, label: &str, pattern: &str) -> Self {
        Self(format!("{self},{}", matcher(label, "=~", pattern)))
    }

    /// A selector of all of these series.
    pub(super) fn all(&self) -> String {
        format!("{{{self}}}")
    }

    /// A selector of those of these series that are of the metric `name`.
    pub(super) fn of(&self, name: &str) -> String {
        if is_plain(name) { format!("{name}{{{self}}}") } else { format!("{{{},{self}}}", quoted(name)) }
    }

    /// The same over the window.
    pub(super) fn over_window(&self, name: &str) -> String {
        format!("{}[{WINDOW}]", self.of(name))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

fn matcher(label: &str, operator: &str, value: &str) -> String {
    let label = if is_plain(label) && !label.contains(':') { label.to_owned() } else { quoted(label) };
    format!("{label}{operator}{}", quoted(value))
}

/// Whether a name can stand in a query as it is. Others have to be quoted, which servers take from version 3.0 on.
fn is_plain(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    name.bytes().next().is_some_and(letter) && name.bytes().all(|byte| letter(byte) || byte.is_ascii_digit())
}

fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{text}\"")
}

/// `text` as a regular expression that matches nothing else.
pub(super) fn verbatim(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_ascii_punctuation() && !matches!(char, '-' | '_' | '/' | ':') {
            pattern.push('\\');
        }
        pattern.push(char);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_promql() {
        let selector = Selector::equal("job", "$SERVICE").and_matches("code", "5..");
        assert_eq!(selector.of("http_requests_total"), r#"http_requests_total{job="$SERVICE",code=~"5.."}"#);
        assert_eq!(selector.over_window("a:b"), r#"a:b{job="$SERVICE",code=~"5.."}[$DURATION_SECONDS]"#);
        let odd = Selector::equal("service.name", "a\"b\\\nc").and_equal("a:b", "");
        assert_eq!(odd.of("http.x"), r#"{"http.x","service.name"="a\"b\\\nc","a:b"=""}"#);
    }

    #[test]
    fn texts_become_patterns() {
        assert_eq!(verbatim("a-b_c/d.e+(é)"), "a-b_c/d\\.e\\+\\(é\\)");
    }
}
