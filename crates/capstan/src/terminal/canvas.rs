//! Lines on a terminal that change in place. Only what changed is written, so nothing flickers, and what is above stays.

use super::{Look, print};

/// How many lines stay at the top where not all fit.
const HEAD: usize = 2;

/// The lines that were last written, with the cursor below them.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    shown: Vec<String>,
}

impl Canvas {
    /// Shows these lines in place of those before.
    pub(crate) fn draw(&mut self, lines: &[String], look: &Look) {
        let lines = fold(lines, look);
        print(&change(&self.shown, &lines));
        self.shown = lines;
    }
}

/// The lines, each cut to the width and all of them to the height: the beginning and the end stay.
fn fold(lines: &[String], look: &Look) -> Vec<String> {
    // The cursor needs a line too.
    let room = look.height.saturating_sub(1).max(HEAD + 2);
    let fit = |lines: &[String]| lines.iter().map(|line| look.fit(line)).collect::<Vec<_>>();
    if lines.len() <= room {
        return fit(lines);
    }
    let tail = lines.len() - (room - HEAD - 1);
    [fit(&lines[..HEAD]), vec!["  …".to_owned()], fit(&lines[tail..])].concat()
}

/// What a terminal has to be sent to show the new lines where it shows the old ones.
fn change(old: &[String], new: &[String]) -> String {
    if old == new {
        return String::new();
    }
    let mut text = if old.is_empty() { String::new() } else { format!("\u{1b}[{}A", old.len()) };
    for (at, line) in new.iter().enumerate() {
        match old.get(at) {
            Some(same) if same == line => text.push('\n'),
            // The rest of the line goes after the new text is there: nothing is ever blank in between.
            Some(_) => text.push_str(&format!("\r{line}\u{1b}[K\n")),
            None => text.push_str(&format!("{line}\n")),
        }
    }
    if old.len() > new.len() {
        text.push_str("\u{1b}[J");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Style;

    /// As much of a terminal as is needed.
    #[derive(Default)]
    struct Screen {
        rows: Vec<Vec<char>>,
        row: usize,
        column: usize,
    }

    impl Screen {
        fn take(&mut self, text: &str) {
            let mut signs = text.chars().peekable();
            while let Some(sign) = signs.next() {
                match sign {
                    '\n' => (self.row, self.column) = (self.row + 1, 0),
                    '\r' => self.column = 0,
                    '\u{1b}' => {
                        assert_eq!(signs.next(), Some('['));
                        let mut number = String::new();
                        while let Some(digit) = signs.next_if(char::is_ascii_digit) {
                            number.push(digit);
                        }
                        match signs.next() {
                            Some('A') => self.row -= number.parse::<usize>().unwrap(),
                            Some('K') => {
                                let column = self.column;
                                self.line().truncate(column);
                            }
                            Some('J') => self.rows.truncate(self.row),
                            other => panic!("{other:?}"),
                        }
                    }
                    sign => {
                        let column = self.column;
                        let line = self.line();
                        line.resize(line.len().max(column + 1), ' ');
                        line[column] = sign;
                        self.column += 1;
                    }
                }
            }
        }

        fn line(&mut self) -> &mut Vec<char> {
            let rows = self.rows.len().max(self.row + 1);
            self.rows.resize(rows, Vec::new());
            &mut self.rows[self.row]
        }

        fn lines(&self) -> Vec<String> {
            self.rows.iter().map(|row| row.iter().collect()).collect()
        }
    }

    fn lines(text: &str) -> Vec<String> {
        text.split('/').filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn the_terminal_shows_the_new_lines_whatever_the_old_ones_were() {
        let states = ["", "a/b", "a/b/c", "a/longer/c", "a/x/c", "z", "z/y/w/v", "z/y"];
        for first in states {
            for second in states {
                let mut screen = Screen::default();
                screen.take(&change(&[], &lines(first)));
                screen.take(&change(&lines(first), &lines(second)));
                assert_eq!(screen.lines(), lines(second), "{first} -> {second}");
                assert_eq!(screen.row, lines(second).len());
            }
        }
    }

    #[test]
    fn what_stays_is_not_written_again() {
        assert_eq!(change(&lines("a/b/c"), &lines("a/x/c")), "\u{1b}[3A\n\rx\u{1b}[K\n\n");
        assert_eq!(change(&lines("a"), &lines("a")), "");
    }

    #[test]
    fn what_does_not_fit_is_folded() {
        let look = Look { style: Style { colour: false }, on_terminal: true, width: 3, height: 6 };
        assert_eq!(fold(&lines("one/two/three/four/five/six"), &look), ["one", "two", "  …", "fi…", "six"]);
        assert_eq!(fold(&lines("one/two/1/2/3"), &look), ["one", "two", "1", "2", "3"]);
    }
}
