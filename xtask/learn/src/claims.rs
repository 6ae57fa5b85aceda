//! Claims: sentences of a chapter such as "X does not run on Y", marked in its source, so that a test compares each
//! with the accepted results.
//!
//! A claim is a comment after the sentence, invisible to readers: `<!-- claim: SCENARIO RUNTIMES VERDICT [CODE] -->`.
//! RUNTIMES are globs, separated by commas; `!` excludes ([`RuntimeGlobs`]).

use wasmlab_model::file_error::FileError;

use crate::chapter::{Block, Chapter};
use wasmlab_glob::RuntimeGlobs;

/// How a claim begins in the source.
const MARK: &str = "<!-- claim:";

/// Phrases that only marked sentences may contain.
const WORDS: &[&str] = &[
    "does not run on",
    "do not run on",
    "does not start on",
    "do not start on",
    "does not serve on",
    "no runtime runs",
    "no runtime starts",
    "refuses it",
    "refuse it",
    "runs only on",
    "only wasmer",
    "Only wasmer",
];

/// A marked sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The folder of its chapter.
    pub chapter: String,
    /// The row.
    pub scenario: String,
    /// The columns.
    pub runtimes: RuntimeGlobs,
    /// `pass`, `gap`, `fail`, …
    pub verdict: String,
    /// The code, if it is claimed too.
    pub code: Option<String>,
}

/// The claims of a chapter.
///
/// # Errors
/// Claims that cannot be read, and paragraphs that say where something does not run without a claim.
pub fn of(chapter: &Chapter) -> Result<Vec<Claim>, Vec<FileError>> {
    let (mut claims, mut errors) = (Vec::new(), Vec::new());
    let file = format!("{}/chapter.md", chapter.folder);
    let texts = chapter.blocks.iter().filter_map(|block| match block {
        Block::Prose(text) => Some(text.as_str()),
        Block::Question(question) => Some(question.because.as_str()),
        _ => None,
    });
    for paragraph in texts.flat_map(|text| text.split("\n\n")) {
        for rest in paragraph.split(MARK).skip(1) {
            match read(&chapter.folder, rest) {
                Ok(claim) => claims.push(claim),
                Err(message) => errors.push(FileError::new(&file, message)),
            }
        }
        let line = paragraph.replace('\n', " ");
        if let Some(word) = WORDS.iter().find(|word| line.contains(**word) && !line.contains(MARK)) {
            errors.push(FileError::new(&file, format!("\"{word}\" without a claim after it: {}", line.trim())));
        }
    }
    if errors.is_empty() { Ok(claims) } else { Err(errors) }
}

/// Reads the claim from the text after [`MARK`].
fn read(chapter: &str, text: &str) -> Result<Claim, String> {
    let claim = text.split_once("-->").map_or("", |(claim, _)| claim);
    let words: Vec<&str> = claim.split_whitespace().collect();
    let (scenario, runtimes, verdict, code) = match words[..] {
        [scenario, runtimes, verdict] => (scenario, runtimes, verdict, None),
        [scenario, runtimes, verdict, code] => (scenario, runtimes, verdict, Some(code)),
        _ => return Err(format!("write {MARK} SCENARIO RUNTIMES VERDICT [CODE] -->, not{text}")),
    };
    Ok(Claim {
        chapter: chapter.to_owned(),
        scenario: scenario.to_owned(),
        runtimes: RuntimeGlobs::separated_by_commas(runtimes)?,
        verdict: verdict.to_owned(),
        code: code.map(str::to_owned),
    })
}

/// An accepted result: runtime, scenario, verdict, code.
pub type AcceptedResult<'a> = (&'a str, &'a str, &'a str, &'a str);

impl Claim {
    /// The results that contradict the claim; empty if it is true.
    #[must_use]
    pub fn contradictions(&self, accepted: &[AcceptedResult]) -> Vec<String> {
        let cells = accepted
            .iter()
            .filter(|(runtime, scenario, ..)| *scenario == self.scenario && self.runtimes.select(runtime));
        let mut found = false;
        let wrong = cells.filter_map(|(runtime, _, verdict, code)| {
            found = true;
            let is_true = *verdict == self.verdict && self.code.as_deref().is_none_or(|claimed| claimed == *code);
            (!is_true).then(|| format!("{}: {} on {runtime} is {verdict} {code}", self.chapter, self.scenario))
        });
        let mut wrong: Vec<String> = wrong.collect();
        if !found {
            wrong.push(format!("{}: no result of {} on {}", self.chapter, self.scenario, self.runtimes));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::{Claim, of};
    use crate::chapter;

    fn chapter(prose: &str) -> chapter::Chapter {
        chapter::parse("01-x", &format!("+++\ntitle = \"x\"\nminutes = 1\n+++\n{prose}\n"), &[]).unwrap()
    }

    #[test]
    fn a_claim_is_compared_and_its_absence_is_a_fault() {
        let claims = of(&chapter("It does not run on Node. <!-- claim: x node gap missing-import -->")).unwrap();
        let claim = |claims: &[Claim], accepted: &[super::AcceptedResult]| claims[0].contradictions(accepted);
        assert!(claim(&claims, &[("node", "x", "gap", "missing-import")]).is_empty());
        assert_eq!(claim(&claims, &[("node", "x", "pass", "")]), ["01-x: x on node is pass "]);
        assert_eq!(claim(&claims, &[("deno", "x", "gap", "")]), ["01-x: no result of x on node"]);
        assert!(of(&chapter("It does not run on Node.")).unwrap_err()[0].message.contains("without a claim"));
        assert!(of(&chapter("It runs. <!-- claim: x -->")).unwrap_err()[0].message.contains("SCENARIO"));
        assert!(of(&chapter("It runs. <!-- claim: x {a pass -->")).unwrap_err()[0].message.contains("is not a glob"));
    }
}
