//! Phrases in the details of cells and in notes that other code recognizes. A report holds them only as text, so the
//! code that writes them and the code that reads them both take them from here.

/// How a runtime refuses a module for a proposal, as read from the detail of its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalPhrase {
    /// It lacks the proposal.
    Lacking,
    /// It has the proposal but does not enable it by default.
    OffByDefault,
    /// Its library has the proposal, and its command line cannot enable it.
    OffOnCommandLine,
}

/// The beginning of [`lacks`].
const LACKS: &str = "lacks ";
/// The beginning of [`refuses_by_default`].
const REFUSES: &str = "refuses ";
/// The end of [`only_in_library`].
const NOT_ON_COMMAND_LINE: &str = "its command line cannot";

/// `lacks threads`: begins a detail.
#[must_use]
pub fn lacks(what: &str) -> String {
    format!("{LACKS}{what}")
}

/// `refuses threads by default`: begins a detail.
#[must_use]
pub fn refuses_by_default(proposals: &str) -> String {
    format!("{REFUSES}{proposals} by default")
}

/// `its Go library can enable threads, but its command line cannot`: ends a detail.
#[must_use]
pub fn only_in_library(library: &str, proposals: &str) -> String {
    format!("its {library} can enable {proposals}, but {NOT_ON_COMMAND_LINE}")
}

impl RefusalPhrase {
    /// Recognizes the phrase in a detail by its first or last words; between them the detail quotes the runtime.
    #[must_use]
    pub fn of(detail: &str) -> Option<Self> {
        match detail {
            _ if detail.ends_with(NOT_ON_COMMAND_LINE) => Some(Self::OffOnCommandLine),
            _ if detail.starts_with(LACKS) => Some(Self::Lacking),
            _ if detail.starts_with(REFUSES) => Some(Self::OffByDefault),
            _ => None,
        }
    }
}

/// `why`, and the column that takes the guest instead: the same engine without its host layer.
#[must_use]
pub fn with_alternative_column(why: &str, column: &str) -> String {
    format!("{why}{}", reference(column))
}

/// The detail without its reference to this column.
#[must_use]
pub fn without_column(detail: &str, column: &str) -> String {
    detail.replace(&reference(column), "")
}

fn reference(column: &str) -> String {
    format!(": see column {column}")
}

#[cfg(test)]
mod tests {
    use super::{RefusalPhrase, lacks, only_in_library, refuses_by_default, with_alternative_column, without_column};

    #[test]
    fn refusals_are_recognized_in_details() {
        let refused = format!("{}: threads must be enabled", lacks("threads"));
        let in_library = format!("{refused}; {}", only_in_library("Go library", "threads"));
        for (detail, expected) in [
            (in_library.as_str(), Some(RefusalPhrase::OffOnCommandLine)),
            (&refused, Some(RefusalPhrase::Lacking)),
            (&format!("{} (no)", refuses_by_default("threads")), Some(RefusalPhrase::OffByDefault)),
            ("does not define env.f", None),
        ] {
            assert_eq!(RefusalPhrase::of(detail), expected, "{detail}");
        }
    }

    #[test]
    fn reference_to_a_column_is_removed() {
        let detail = with_alternative_column("its own JavaScript runs it", "chromium");
        assert_eq!(detail, "its own JavaScript runs it: see column chromium");
        assert_eq!(without_column(&detail, "chromium"), "its own JavaScript runs it");
    }
}
