//! Pieces of YAML that people read.

/// Where lines of comments end, in characters.
const WIDTH: usize = 118;

/// Words that YAML 1.1 does not read as text.
const RESERVED: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// `text` as a comment behind `indent` spaces, on as many lines as it takes. Line breaks in it are kept.
pub(super) fn comment(indent: usize, text: &str) -> String {
    let mut comment = String::new();
    for line in text.lines() {
        for line in wrapped(line, WIDTH.saturating_sub(indent + 2)) {
            comment.push_str(&format!("{:indent$}# {line}", "").trim_end().replace(|char| !is_plain(char), "?"));
            comment.push('\n');
        }
    }
    comment
}

/// `line` cut at spaces into pieces of at most `width` characters, longer words aside. One with several spaces in a row
/// is a row of a table and stays whole.
fn wrapped(line: &str, width: usize) -> Vec<String> {
    if line.contains("  ") {
        return vec![line.to_owned()];
    }
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if last.is_empty() => last.push_str(word),
            Some(last) if last.chars().count() + 1 + word.chars().count() <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A name as YAML: plain where it reads as text.
pub(super) fn name(text: &str) -> String {
    let plain = text.starts_with(|char: char| char.is_ascii_alphabetic())
        && text.chars().all(|char| char.is_ascii_alphanumeric() || char == '_' || char == '-')
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

/// A text in quotes as YAML: double ones; single ones, between which everything stands for itself, where it has such.
pub(super) fn quoted(text: &str) -> String {
    if text.chars().all(is_plain) && text.contains(['"', '\\']) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let escaped = |char: char| match char {
        '"' | '\\' => format!("\\{char}"),
        char if is_plain(char) => char.to_string(),
        char => format!("\\U{:08x}", u32::from(char)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// A query as YAML, behind its key in a map that is indented by two: a long one has a line of its own.
pub(super) fn query(text: &str) -> String {
    let alone = text.len() > 60 && text.chars().all(is_plain) && text.trim() == text;
    if alone { format!(">-\n    {text}") } else { quoted(text) }
}

/// Whether a character can stand in a file as it is.
fn is_plain(char: char) -> bool {
    char == ' ' || char.is_ascii_graphic() || char.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_wrapped_and_harmless() {
        assert_eq!(comment(2, "a\u{1b}b\n\nc  d"), "  # a?b\n  #\n  # c  d\n");
        let long = comment(0, &"word ".repeat(30));
        assert!(long.lines().count() == 2 && long.lines().all(|line| line.len() <= WIDTH), "{long}");
    }

    #[test]
    fn names_are_quoted_where_they_mean_something_else() {
        for (text, yaml) in [
            ("error_rate", "error_rate"),
            ("No", "\"No\""),
            ("1.5", "\"1.5\""),
            ("it's", "\"it's\""),
            ("i's\"", "'i''s\"'"),
            ("", "\"\""),
        ] {
            assert_eq!(name(text), yaml);
        }
        assert_eq!(quoted("a\u{feff}\"\\\n"), r#""a\U0000feff\"\\\U0000000a""#);
    }
}
