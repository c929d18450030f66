//! How texts from files and queries are shown, and what may have been meant by them.

/// Longest text that a message repeats, in characters.
const SHOWN: usize = 80;

/// Most names that a message lists.
const LISTED: usize = 12;

/// `text` in backticks, without control characters and cut where it is long.
pub(crate) fn quoted(text: &str) -> String {
    let mut chars = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    let mut shown: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() {
        shown.push('…');
    }
    format!("'{shown}'")
}

/// `names` as "`a`, `b` and 3 more"; "none" where there are none.
pub(crate) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names = names.into_iter();
    let shown: Vec<_> = names.by_ref().take(LISTED).map(quoted).collect();
    match (shown.is_empty(), names.count()) {
        (true, _) => "none".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// " (did you mean `x`?)" with the name closest to `word`, or nothing where none is close.
pub(crate) fn meant<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let lower = word.to_lowercase();
    names
        .into_iter()
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance * 3 <= name.chars().count().max(3))
        .min()
        .map(|(_, name)| format!(" (did you mean {}?)", quoted(name)))
        .unwrap_or_default()
}

/// That there is no `thing` called `word`, and what there is.
pub(crate) fn unknown(thing: &str, word: &str, known: &[&str]) -> String {
    let meant = meant(word, known.iter().copied());
    format!("no {thing} {}{meant}; there are {}", quoted(word), listed(known.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_harmlessly() {
        assert_eq!(quoted("a\u{1b}[31m\nb"), "'a [31m b'");
        assert_eq!(quoted(&"x".repeat(90)), format!("'{}…'", "x".repeat(80)));
    }

    #[test]
    fn lists_are_bounded() {
        let names: Vec<_> = (0..20).map(|n| n.to_string()).collect();
        assert!(listed(names.iter().map(String::as_str)).ends_with("'11' and 8 more"));
        assert_eq!(listed([]), "none");
        assert_eq!(listed(["a", "b"]), "'a', 'b'");
    }

    #[test]
    fn only_what_is_close_is_suggested() {
        assert_eq!(meant("errorrate", ["errors", "error_rate"]), " (did you mean 'error_rate'?)");
        assert_eq!(meant("AVG", ["max", "avg"]), " (did you mean 'avg'?)");
        assert_eq!(meant("frobnicate", ["max", "avg"]), "");
    }
}
