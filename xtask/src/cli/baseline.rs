//! Reports to compare with: from a file, from a git revision (`REV:PATH`), or the one that the lab published in a
//! revision.

use std::path::Path;

use anyhow::Result;

use super::common::usage;
use super::{git, report};
use crate::lab::Lab;
use crate::store::snapshots::import_order_is_random;
use wasmlab_model::report::RunReport;
use wasmlab_report::visible::VisiblePath;

/// Option of the commands that compare their report with an earlier one.
#[derive(clap::Args)]
pub struct BaselineArgs {
    /// Compare with an earlier report, and exit with 1 only for regressions. The report is FILE; REV:PATH, a file in a git
    /// revision; or REV, the report that the lab published in that revision
    #[arg(long, value_name = "FILE|REV[:PATH]")]
    baseline: Option<String>,
}

impl BaselineArgs {
    /// The earlier report, if one is named.
    ///
    /// # Errors
    /// As [`read`].
    pub fn read(&self, lab: &Lab) -> Result<Option<Baseline>> {
        let Some(text) = &self.baseline else { return Ok(None) };
        let (name, report) = read(lab, text)?;
        Ok(Some(Baseline { name, report }))
    }
}

/// An earlier report.
pub struct Baseline {
    name: String,
    report: RunReport,
}

impl Baseline {
    /// Marks the cells of a later report that differ from this one.
    pub fn compare(&self, later: &mut RunReport) {
        wasmlab_report::compare::against(&self.report, &self.name, later, import_order_is_random);
    }
}

/// Reads the report that `text` names: a file, `REV:PATH`, or a git revision of the lab. Also returns a name for it to
/// show to the user.
///
/// # Errors
/// If `text` is neither, or there is no report in it.
pub fn read(lab: &Lab, text: &str) -> Result<(String, RunReport)> {
    // Git would take it for its index.
    if text.is_empty() {
        return usage("the name of the report is empty: name a file, REV:PATH or a revision".to_owned());
    }
    let file = report::in_folder(Path::new(text));
    // A pipe or a device is not a revision: reading it is an error.
    if file.exists() && !file.is_dir() {
        return Ok((format!("`{}`", file.visible()), report::read(&file)?));
    }
    // A revision could have such a name, but hardly any does.
    let is_path = file.extension().is_some_and(|extension| extension == "json");
    if file.is_dir() {
        return usage(format!("`{}` is a folder without report.json", file.visible()));
    }
    if is_path && !text.contains(':') {
        return usage(format!("failed to read `{}`: there is no such file", file.visible()));
    }
    // Git's own syntax, for the repository of the current folder.
    if let Some((revision, path)) = text.split_once(':') {
        let wrong = format!("`{text}` is neither a file nor a report in a git revision");
        let report = from_git(lab, Path::new("."), text, &wrong)?;
        return Ok((format!("`{path}` of revision {revision}"), report));
    }
    if !lab.has_workspace() {
        return usage(format!(
            "`{text}` is not a file; a report in a git revision is REV:PATH, such as `main:ci/report.json` (a revision \
             alone names the report that a checkout of the lab publishes)"
        ));
    }
    let name = format!("reports/{}", Lab::published_report_name());
    let wrong = format!(
        "`{text}` is neither a file nor a git revision of the lab's folder `{}` that contains `{name}` (REV:PATH names a \
         file of the current folder's repository)",
        lab.root.visible()
    );
    let report = from_git(lab, &lab.root, &format!("{text}:{name}"), &wrong)?;
    Ok((format!("`{name}` of revision {text}"), report))
}

/// The report in `REV:PATH`, in the repository of a folder. `wrong` begins the error message if there is none.
fn from_git(lab: &Lab, folder: &Path, object: &str, wrong: &str) -> Result<RunReport> {
    let text = git::output(lab, folder, &["show", "--end-of-options", object], report::MAX_BYTES);
    report::parse(&text.or_else(|why| usage(format!("{wrong}: {why}")))?, object)
}
