//! Tables for a terminal.

use std::fmt;

/// Which side of its column a cell touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Aligned columns under a title.
#[derive(Debug)]
pub(crate) struct Table {
    title: String,
    columns: Vec<(Align, &'static str)>,
    rows: Vec<Vec<String>>,
    notes: Vec<String>,
}

impl Table {
    /// A table without rows; the first columns name things and are left-aligned, `numbers` are not.
    pub(crate) fn new(title: impl Into<String>, names: &[&'static str], numbers: &[&'static str]) -> Self {
        let names = names.iter().map(|name| (Align::Left, *name));
        let columns = names.chain(numbers.iter().map(|name| (Align::Right, *name))).collect();
        Self { title: title.into(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Adds a row; cells beyond the last column are dropped, missing ones are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<_> = cells.into_iter().take(self.columns.len()).collect();
        cells.resize(self.columns.len(), String::new());
        self.rows.push(cells);
    }

    /// Adds a line below the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells.chain([self.columns[column].1.chars().count()]).max().unwrap_or(0)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<_> = (0..self.columns.len()).map(|column| self.width(column)).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.zip(&self.columns).zip(&widths).map(|((cell, (align, _)), width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        writeln!(f, "{}", self.title)?;
        writeln!(f, "  {}", line(&mut self.columns.iter().map(|(_, name)| *name)))?;
        for row in &self.rows {
            writeln!(f, "  {}", line(&mut row.iter().map(String::as_str)))?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn names_are_left_and_numbers_right() {
        let mut table = Table::new("Costs", &["kind"], &["ms", "bytes"]);
        table.row(cells(&["scroll", "5.25", "27000"]));
        table.row(cells(&["µ", "0.1", "9"]));
        table.note("noted");
        let expected = "Costs\n  kind      ms  bytes\n  scroll  5.25  27000\n  µ        0.1      9\n  noted\n";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn short_rows_are_filled_and_long_ones_cut() {
        let mut table = Table::new("T", &["a"], &["b"]);
        table.row(cells(&["1"]));
        table.row(cells(&["1", "2", "3"]));
        assert_eq!(table.to_string(), "T\n  a  b\n  1\n  1  2\n");
    }
}
