//! The scripts in YAML files of CI systems: as much of YAML as these files use.

use std::collections::BTreeMap;

/// A step of a job, or the script of a container.
#[derive(Debug, Default)]
pub struct Step {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its variables, as written.
    pub env: BTreeMap<String, String>,
    /// Its script; empty if it uses an action.
    pub run: String,
}

/// Every step with a name, and every script in a list, in order.
pub fn steps(text: &str) -> Vec<Step> {
    let lines: Vec<&str> = text.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let block = |from: usize, above: usize| -> String {
        let is_inside = |line: &&&str| line.trim().is_empty() || indent(line) > above;
        let inside: Vec<&str> = lines[from..].iter().take_while(is_inside).copied().collect();
        let margin = inside.iter().filter(|line| !line.trim().is_empty()).map(|line| indent(line)).min().unwrap_or(0);
        inside.iter().map(|line| line.get(margin..).unwrap_or_default().to_owned() + "\n").collect()
    };
    let mut found: Vec<Step> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let text = line.trim_start();
        if let Some(name) = text.strip_prefix("- name: ") {
            // In a Kubernetes manifest these are names of containers and variables, which have no script of their own.
            found.push(Step { name: name.to_owned(), ..Step::default() });
        } else if text == "- |" {
            found.push(Step { run: block(at + 1, indent(line)), ..Step::default() });
        } else if text.starts_with("- uses: ") {
            found.push(Step::default());
        } else if let Some(step) = found.last_mut() {
            match text.split_once(": ") {
                Some(("run", "|")) => step.run = block(at + 1, indent(line)),
                Some(("run", script)) => step.run = script.to_owned(),
                _ if text == "env:" => {
                    let pairs = block(at + 1, indent(line));
                    let pairs =
                        pairs.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
                    step.env = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                }
                _ => {}
            }
        }
    }
    found.retain(|step| !step.run.is_empty() || !step.name.is_empty());
    found
}
