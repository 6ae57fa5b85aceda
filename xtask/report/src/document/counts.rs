//! How many runtimes run a file. Runtimes that cannot run this kind of file at all, because they have no WASI or accept
//! no components, are counted separately. All formats take their numbers from here.

use wasmlab_model::report::Cell;
use wasmlab_model::text::form;
use wasmlab_model::verdict::Verdict;

/// The results of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runtimes that run it.
    pub passes: usize,
    /// Runtimes that could run it.
    pub all: usize,
    /// What the other runtimes lack, and their number.
    others: Vec<(String, usize)>,
}

/// Whether a measured cell says nothing about its file, because its runtime does not support this kind of file.
pub fn is_uncounted(cell: &Cell) -> bool {
    cell.lacks_guest_kind() && !cell.required
}

impl Counts {
    /// Counts the cells of one file.
    pub fn of(cells: &[&Cell]) -> Self {
        let mut counts = Self::default();
        for cell in cells.iter().filter(|cell| cell.verdict.is_measured()) {
            if is_uncounted(cell) {
                counts.add_other(cell.missing_abi.as_deref());
                continue;
            }
            counts.all += 1;
            counts.passes += usize::from(cell.verdict == Verdict::Pass);
        }
        counts
    }

    fn add_other(&mut self, abi: Option<&str>) {
        let lacks = abi.unwrap_or_default();
        match self.others.iter_mut().find(|(known, _)| known == lacks) {
            Some((_, count)) => *count += 1,
            None => self.others.push((lacks.to_owned(), 1)),
        }
    }

    /// ` (1 has no WASI, 2 accept no components)`; empty if there are none.
    pub fn others(&self) -> String {
        let other = |(lacks, count): &(String, usize)| match lacks.as_str() {
            "" => format!("{count} {} no components", form(*count, "accepts", "accept")),
            abi => format!("{count} {} no {abi}", form(*count, "has", "have")),
        };
        let others: Vec<String> = self.others.iter().map(other).collect();
        if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) }
    }
}
