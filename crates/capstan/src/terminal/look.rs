//! Who looks at what is written, and how much fits.

use console::Term;

use super::style::{Style, is_dumb};

/// How something is to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// With colours or without.
    pub(crate) style: Style,
    /// Somebody looks: times are told relative to now, long names are cut.
    pub(crate) on_terminal: bool,
    /// How many characters fit on a line.
    pub(crate) width: usize,
    /// How many lines fit.
    pub(crate) height: usize,
}

impl Look {
    /// That of standard output.
    pub(crate) fn stdout() -> Self {
        let terminal = Term::stdout();
        let on_terminal = terminal.is_term() && !is_dumb();
        let size = terminal.size_checked().filter(|_| on_terminal);
        let (height, width) = size.map_or((usize::MAX, usize::MAX), |(height, width)| (height.into(), width.into()));
        Self { style: Style::stdout(), on_terminal, width, height }
    }

    /// The same line, cut to what fits.
    pub(crate) fn fit(&self, line: &str) -> String {
        console::truncate_str(line, self.width, "…").into_owned()
    }

    /// An id: its end, which tells it from others of the same minute, and the whole where nobody looks.
    pub(crate) fn id(&self, id: &str) -> String {
        match id.char_indices().nth_back(SHORT - 1) {
            Some((start, _)) if self.on_terminal && start > 0 => format!("…{}", &id[start..]),
            _ => id.to_owned(),
        }
    }

    /// The id of a commit: as much of its beginning as people compare, and the whole where nobody looks.
    pub(crate) fn commit(&self, id: &str) -> String {
        if self.on_terminal { id.chars().take(8).collect() } else { id.to_owned() }
    }
}

/// How much of an id is shown on a terminal, in characters.
const SHORT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_where_somebody_looks() {
        let mut look = Look { style: Style { colour: false }, on_terminal: true, width: 80, height: 24 };
        assert_eq!(look.id("0198f2a0-0000-7000-8000-0123456789ab"), "…456789ab");
        assert_eq!(look.id("456789ab"), "456789ab");
        look.on_terminal = false;
        assert_eq!(look.id("0198f2a0-0000-7000-8000-0123456789ab"), "0198f2a0-0000-7000-8000-0123456789ab");
    }
}
