//! The scripts in YAML files of CI systems: workflows and actions of GitHub, manifests of Kubernetes.

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode, YamlOwned};

/// A step of a job, or a container.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Its name; empty if it has none.
    pub name: String,
    /// Its variables, as written.
    pub env: BTreeMap<String, String>,
    /// Its script; empty if it uses an action.
    pub run: String,
}

/// The steps of a workflow's jobs, of an action, and the containers of a manifest's Jobs, in order.
pub fn steps(text: &str) -> Vec<Step> {
    let documents = YamlOwned::load_from_str(text).unwrap();
    let of_document = |document| {
        let jobs = at(document, &["jobs"]).and_then(YamlOwned::as_mapping).into_iter().flat_map(|jobs| jobs.values());
        let steps = jobs.flat_map(|job| items(job, &["steps"])).chain(items(document, &["runs", "steps"])).map(step);
        steps.chain(items(document, &["spec", "template", "spec", "containers"]).map(container))
    };
    documents.iter().flat_map(of_document).collect()
}

fn step(node: &YamlOwned) -> Step {
    let pairs = at(node, &["env"]).and_then(YamlOwned::as_mapping).into_iter().flatten();
    Step {
        name: string(at(node, &["name"])),
        env: pairs.map(|(name, value)| (string(Some(name)), string(Some(value)))).collect(),
        run: string(at(node, &["run"])),
    }
}

/// A container whose command is a shell with its script as the only argument. Its variables are not read.
fn container(node: &YamlOwned) -> Step {
    Step { name: string(at(node, &["name"])), run: string(items(node, &["args"]).next()), ..Step::default() }
}

fn at<'a>(node: &'a YamlOwned, path: &[&str]) -> Option<&'a YamlOwned> {
    path.iter().try_fold(node, |node, key| node.as_mapping_get(key))
}

fn items<'a>(node: &'a YamlOwned, path: &[&str]) -> impl Iterator<Item = &'a YamlOwned> {
    at(node, path).and_then(YamlOwned::as_sequence).into_iter().flatten()
}

/// The text of a node; empty if there is no node.
fn string(node: Option<&YamlOwned>) -> String {
    node.map(|node| node.as_str().unwrap_or_else(|| panic!("{node:?} is no text: quote it")).to_owned())
        .unwrap_or_default()
}
