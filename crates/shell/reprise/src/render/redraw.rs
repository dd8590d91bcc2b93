//! A page that is drawn again in place of the one before, without flicker: the cursor goes home, and what is left of each line, and
//! of the page, is cleared.

use super::paragraph::count;
use super::status::Pieces;

/// The cursor to the upper left corner.
const HOME: &str = "\x1b[H";
/// Clears the rest of a line.
const CLEAR_LINE: &str = "\x1b[K";
/// Clears the rest of the page.
const CLEAR_REST: &str = "\x1b[J";
/// Minimum height: that of a terminal that says nothing useful.
const HEIGHT_MIN: usize = 4;

/// Moves what is on the screen up and out of the way, so that it can be scrolled back to.
pub(crate) fn make_room(height: usize) -> String {
    "\n".repeat(height)
}

/// The page, cut to the height of the screen. What is wrong with hosts and VMs gives way to the table, and the rows of the table that
/// need the least attention to its last lines.
pub(crate) fn page(head: &str, pieces: &Pieces, height: usize) -> String {
    let Pieces { causes, table, last } = pieces;
    let [causes, table, last] = [causes, table, last].map(|piece| piece.lines().collect::<Vec<_>>());
    // The head, and the line of the cursor at the end.
    let room = height.max(HEIGHT_MIN) - 2;
    let mut shown = vec![head.to_owned()];
    let fits = causes.len() + table.len() + last.len() <= room;
    if fits || causes.is_empty() {
        shown.extend(causes.into_iter().map(ToOwned::to_owned));
    } else {
        shown.push(format!("… {} about causes: see `reprise status`", count(causes.len(), "line")));
    }
    let left = (room + 1).saturating_sub(shown.len() + last.len());
    let rows = if table.len() > left { left.saturating_sub(1) } else { table.len() };
    shown.extend(table.iter().take(rows).map(|line| (*line).to_owned()));
    if rows < table.len() {
        shown.push(format!("… {} more", count(table.len() - rows, "line")));
    }
    shown.extend(last.into_iter().map(ToOwned::to_owned));
    shown.truncate(room + 1);
    let lines = shown.iter().map(|line| format!("{line}{CLEAR_LINE}\r\n"));
    format!("{HOME}{}{CLEAR_REST}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(causes: usize, rows: usize) -> Pieces {
        let lines = |name: &str, count| (1..=count).map(|n| format!("{name} {n}")).collect::<Vec<_>>().join("\n");
        Pieces { causes: lines("cause", causes), table: lines("row", rows), last: "last\n".to_owned() }
    }

    fn plain(page: &str) -> Vec<String> {
        let page = anstream::adapter::strip_str(page).to_string();
        page.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    #[test]
    fn a_page_is_one_piece_that_never_scrolls_and_keeps_the_worst_rows_and_its_end() {
        let whole = page("head", &pieces(1, 2), 6);
        assert!(whole.starts_with("\x1b[Hhead\x1b[K\r\ncause 1\x1b[K\r\n"), "{whole:?}");
        assert!(whole.ends_with("row 2\x1b[K\r\nlast\x1b[K\r\n\x1b[J"), "{whole:?}");
        let causes = "… 9 lines about causes: see `reprise status`";
        assert_eq!(plain(&page("head", &pieces(9, 2), 6)), ["head", causes, "row 1", "row 2", "last"]);
        assert_eq!(
            plain(&page("head", &pieces(9, 5), 7)),
            ["head", causes, "row 1", "row 2", "… 3 lines more", "last"]
        );
        assert_eq!(plain(&page("head", &pieces(0, 5), 6)), ["head", "row 1", "row 2", "… 3 lines more", "last"]);
        for height in 0..20 {
            for (causes, rows) in [(0, 0), (9, 0), (0, 9), (9, 9), (1, 1)] {
                let drawn = page("head", &pieces(causes, rows), height);
                assert!(drawn.matches('\n').count() < height.max(HEIGHT_MIN), "{height}: {drawn:?}");
            }
        }
    }
}
