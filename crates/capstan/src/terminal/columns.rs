//! Rows of words in columns, which may be coloured.

use console::{Alignment, measure_text_width, pad_str};

/// Rows whose columns are as wide as what stands in them.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
}

impl Columns {
    /// Columns of which these are aligned to the right.
    pub(crate) fn right(right: &[usize]) -> Self {
        Self { rows: Vec::new(), right: right.to_vec() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The rows as lines without an end of line; two blanks between columns, none at the end.
    pub(crate) fn lines(&self) -> Vec<String> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width =
            |at: usize| self.rows.iter().filter_map(|row| row.get(at)).map(|cell| measure_text_width(cell)).max();
        let widths: Vec<usize> = (0..count).map(|at| width(at).unwrap_or_default()).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().enumerate().map(|(at, cell)| {
                let alignment = if self.right.contains(&at) { Alignment::Right } else { Alignment::Left };
                pad_str(cell, widths[at], alignment, None)
            });
            // A column that is empty everywhere leaves no gap.
            let cells: Vec<_> = cells.enumerate().filter(|(at, _)| widths[*at] > 0).map(|(_, cell)| cell).collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_do_not_count_as_width() {
        let mut columns = Columns::right(&[2]);
        columns.row(["\u{1b}[32mpass\u{1b}[0m", "", "4 s", ""].map(str::to_owned));
        columns.row(["warning", "", "12 s", "x"].map(str::to_owned));
        assert_eq!(columns.lines(), ["\u{1b}[32mpass\u{1b}[0m      4 s", "warning  12 s  x"]);
    }
}
