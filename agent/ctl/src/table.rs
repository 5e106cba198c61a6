//! Tables for people.

use crate::exit::Failure;
use crate::output::{Output, Style, printable};

/// One cell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    pub(crate) fn styled(style: Style, text: &str) -> Self {
        Self { text: printable(text), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(Style::Plain, text.as_ref())
    }
}

/// Rows of equal length below a head.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
struct Column {
    head: Cell,
    right: bool,
}

impl Table {
    /// A table with these columns; a name that begins with `>` is of a column of numbers.
    pub(crate) fn new(columns: &[&str]) -> Self {
        let column = |name: &&str| {
            let head = Cell::styled(Style::Bold, name.trim_start_matches('>'));
            Column { head, right: name.starts_with('>') }
        };
        Self { head: columns.iter().map(column).collect(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text, each line ended.
    pub(crate) fn render(&self, output: &Output) -> String {
        let widths: Vec<usize> = self
            .head
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let cells = self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width);
                cells.chain([column.head.width()]).max().unwrap_or_default()
            })
            .collect();
        let head: Vec<Cell> = self.head.iter().map(|column| column.head.clone()).collect();
        std::iter::once(&head).chain(&self.rows).map(|row| self.render_row(row, &widths, output)).collect()
    }

    fn render_row(&self, row: &[Cell], widths: &[usize], output: &Output) -> String {
        let mut line = String::new();
        for ((cell, width), column) in row.iter().zip(widths).zip(&self.head) {
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let text = output.styled(cell.style, &cell.text);
            let (before, after) = if column.right { (padding.as_str(), "") } else { ("", padding.as_str()) };
            line.extend([before, &text, after, "  "]);
        }
        line.truncate(line.trim_end().len());
        line + "\n"
    }

    /// Writes the table.
    pub(crate) fn print(&self, output: &mut Output) -> Result<(), Failure> {
        let text = self.render(output);
        output.raw(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let output = Output::plain(Box::new(std::io::sink()), Box::new(std::io::sink()), false);
        let mut table = Table::new(&["ID", ">MEMORY", "TITLE"]);
        table.row(["a".into(), "1G".into(), "Ünï\x1b[1m".into()]);
        table.row(["bcd".into(), "12.5M".into(), "".into()]);
        let lines = "ID   MEMORY  TITLE\na        1G  Ünï\u{fffd}[1m\nbcd   12.5M\n";
        assert_eq!(table.render(&output), lines);
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut output = Output::plain(Box::new(std::io::sink()), Box::new(std::io::sink()), false);
        output.colour = true;
        let mut table = Table::new(&["STATE", "X"]);
        table.row([Cell::styled(Style::Good, "ok"), "y".into()]);
        assert_eq!(table.render(&output), "\x1b[1mSTATE\x1b[0m  \x1b[1mX\x1b[0m\n\x1b[32mok\x1b[0m     y\n");
    }
}
