//! Columns of text.

use std::fmt;

/// Rows whose columns stand below each other.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// With these titles, or without any.
    pub(super) fn new(titles: &[&str]) -> Self {
        let titles: Vec<String> = titles.iter().map(|title| (*title).to_owned()).collect();
        Self { rows: if titles.is_empty() { Vec::new() } else { vec![titles] } }
    }

    /// What a desktop says must not move the cursor of a terminal.
    pub(super) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let plain = |cell: String| cell.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
        self.rows.push(cells.into_iter().map(plain).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(&["ID", "PHASE"]);
        table.row(["long-id".into(), "a\x1b[2Jb".into()]);
        assert_eq!(table.to_string(), "ID       PHASE\nlong-id  a [2Jb\n");
    }
}
