//! The program's name: `cargo xtask` in a checkout of the lab, `wasmlab` where it is installed. It is one program;
//! texts are written with the first name.

use std::borrow::Cow;
use std::sync::OnceLock;

use wasmlab_model::report::RunReport;
use wasmlab_model::verdict::Verdict;

/// The name in the sources' texts.
pub const IN_CHECKOUT: &str = "cargo xtask";
/// The name of the installed program.
pub const INSTALLED: &str = "wasmlab";

/// Whether the program was installed: it is not in a folder where cargo builds. Tests are one folder further down.
#[must_use]
pub fn is_installed() -> bool {
    static IS_INSTALLED: OnceLock<bool> = OnceLock::new();
    *IS_INSTALLED.get_or_init(|| {
        let Ok(program) = std::env::current_exe() else { return false };
        !program.ancestors().skip(1).take(2).any(|folder| folder.join(".fingerprint").is_dir())
    })
}

/// The name to show.
#[must_use]
pub fn shown() -> &'static str {
    if is_installed() { INSTALLED } else { IN_CHECKOUT }
}

/// A text of the lab, with the name to show.
#[must_use]
pub fn localized(text: &str) -> Cow<'_, str> {
    if is_installed() && text.contains(IN_CHECKOUT) {
        Cow::Owned(text.replace(IN_CHECKOUT, INSTALLED))
    } else {
        Cow::Borrowed(text)
    }
}

/// Puts the name of the installed program into the texts of the lab in a report. Texts of guests and runtimes do not
/// change.
pub fn localize_report(report: &mut RunReport) {
    let mut texts: Vec<&mut String> = Vec::new();
    texts.extend(report.runtimes.iter_mut().filter_map(|runtime| runtime.tool.missing.as_mut()));
    texts.extend(report.toolchains.values_mut().filter_map(|tool| tool.missing.as_mut()));
    texts.extend(report.notes.iter_mut().map(|note| &mut note.text));
    texts.extend(report.codes.iter_mut().flat_map(|code| [&mut code.meaning, &mut code.remedy]));
    for cell in &mut report.cells {
        texts.extend([&mut cell.remedy, &mut cell.next_obstacle_remedy].into_iter().flatten());
        texts.extend((cell.verdict == Verdict::Absent).then_some(&mut cell.detail));
    }
    for text in texts.into_iter().filter(|text| text.contains(IN_CHECKOUT)) {
        *text = text.replace(IN_CHECKOUT, INSTALLED);
    }
}

#[cfg(test)]
mod tests {
    use super::{IN_CHECKOUT, is_installed, localize_report};
    use wasmlab_model::verdict::Verdict;

    #[test]
    fn report_names_the_installed_program_and_leaves_evidence_alone() {
        assert!(!is_installed(), "cargo built this test");
        let mut report = crate::sample::report();
        let text = format!("`{IN_CHECKOUT} doctor`");
        let cell = &mut report.cells[0];
        (cell.verdict, cell.remedy, cell.detail) = (Verdict::Fail, Some(text.clone()), text.clone());
        cell.output.stdout.clone_from(&text);
        report.notes[0].text.clone_from(&text);
        localize_report(&mut report);
        let cell = &report.cells[0];
        assert_eq!(
            (cell.remedy.as_deref(), report.notes[0].text.as_str()),
            (Some("`wasmlab doctor`"), "`wasmlab doctor`")
        );
        assert_eq!([&cell.detail, &cell.output.stdout], [&text, &text]);
    }
}
