//! Columns padded with blanks, as Go's tabwriter pads them.

/// One cell: its text, and how many characters of it are seen.
pub(super) struct Cell {
    text: String,
    width: usize,
}

impl Cell {
    /// Text without escape sequences.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        let text = text.into();
        let width = text.chars().count();
        Self { text, width }
    }

    /// Text with escape sequences, which shows like `plain`.
    pub(super) fn painted(text: String, plain: &str) -> Self {
        Self { text, width: plain.chars().count() }
    }
}

/// The rows with every column but the last padded to its widest cell and two blanks more. A
/// character counts as one wide, whatever a terminal makes of it: so does the plugin.
pub(super) fn table<const N: usize>(rows: &[[Cell; N]]) -> String {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.width.max(*width);
        }
    }
    let mut out = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            out.push_str(&cell.text);
            if column + 1 < N {
                out.extend(std::iter::repeat_n(' ', widths[column] + 2 - cell.width));
            }
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_not_padded_and_escapes_have_no_width() {
        let rows = [
            [Cell::plain("NAME"), Cell::plain("AGE"), Cell::plain("INFO")],
            [Cell::painted("\u{1b}[32m└──⧉ a\u{1b}[0m".into(), "└──⧉ a"), Cell::plain("2m4s"), Cell::plain("")],
        ];
        assert_eq!(table(&rows), "NAME    AGE   INFO\n\u{1b}[32m└──⧉ a\u{1b}[0m  2m4s  \n");
    }
}
