//! Who and why, as a commit says it.

use capstan_runtime::ports::Change;
use gix::actor::Signature;

/// Who is named where no name is given.
const NOBODY: &str = "unknown";

/// Author and time. Whatever the text holds, it stays one well-formed line: marks that git gives a meaning are
/// left out.
pub(super) fn of(change: &Change) -> Signature {
    let (name, mail) = match change.author.rsplit_once('<') {
        Some((name, rest)) => (name, rest.split('>').next().unwrap_or_default()),
        None => (change.author.as_str(), ""),
    };
    let name = plain(name);
    Signature {
        name: if name.is_empty() { NOBODY.into() } else { name.into() },
        email: plain(mail).into(),
        // Git has no time before 1970, and takes a negative one for a broken object.
        time: gix::date::Time { seconds: change.at.as_second().max(0), offset: 0 },
    }
}

/// The message: one line.
pub(super) fn message(change: &Change) -> String {
    let mut line = one_line(&change.reason);
    line.push('\n');
    line
}

fn plain(text: &str) -> String {
    one_line(&text.replace(['<', '>'], " "))
}

/// Control characters are spaces, spaces in a row are one, those at the ends are none.
fn one_line(text: &str) -> String {
    let spaced = text.replace(char::is_control, " ");
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(author: &str) -> Change {
        Change { author: author.to_owned(), reason: String::new(), at: jiff::Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn a_name_and_an_address_are_told_apart_and_made_harmless() {
        for (author, name, mail) in [
            ("Jane Doe <jane@example.org>", "Jane Doe", "jane@example.org"),
            ("Jane", "Jane", ""),
            ("", "unknown", ""),
            ("<jane@example.org>", "unknown", "jane@example.org"),
            ("Jane <", "Jane", ""),
            ("a < b <c@d> e", "a b", "c@d"),
            ("Jane\ncommitter Eve <eve@e>\0", "Jane committer Eve", "eve@e"),
            ("> <\n> 0 +0000", "unknown", ""),
        ] {
            let signature = of(&change(author));
            assert_eq!(
                (signature.name.to_string(), signature.email.to_string()),
                (name.into(), mail.into()),
                "{author:?}"
            );
            let mut line = Vec::new();
            signature.write_to(&mut line).unwrap();
        }
    }

    #[test]
    fn a_message_is_one_line() {
        let change = Change { reason: " Create\r\n\nproject\0podtato ".to_owned(), ..change("a") };
        assert_eq!(message(&change), "Create project podtato\n");
    }

    #[test]
    fn a_time_before_git_is_its_first() {
        let change = Change { at: jiff::Timestamp::from_second(-5).unwrap(), ..change("a") };
        assert_eq!(of(&change).time.seconds, 0);
    }
}
