//! Which commands of a chapter can run on this machine now, and how to get the rest.

use std::cell::RefCell;
use std::collections::BTreeMap;

use wasmlab_learn::chapter::{ANY, ANY_OF};
use wasmlab_learn::exercise::WORK;
use wasmlab_runtimes::{self as runtimes, Source};

use super::typed;
use crate::engines;
use crate::lab::Lab;

/// Looks each runtime up once.
#[derive(Default)]
pub struct InstalledRuntimes {
    known: RefCell<BTreeMap<String, Result<(), String>>>,
}

impl InstalledRuntimes {
    /// Whether a runtime can be used without building or installing anything; if not, how to get it.
    fn runtime(&self, lab: &Lab, id: &str) -> Result<(), String> {
        if let Some(known) = self.known.borrow().get(id) {
            return known.clone();
        }
        let found = look_up(lab, id);
        self.known.borrow_mut().insert(id.to_owned(), found.clone());
        found
    }

    /// Fails if one of these is not installed: how to get the first of them.
    pub fn require_all(&self, lab: &Lab, needs: &[String]) -> Result<(), String> {
        for id in needs {
            if id == ANY {
                self.any(lab)?;
            } else {
                self.runtime(lab, id)?;
            }
        }
        Ok(())
    }

    fn any(&self, lab: &Lab) -> Result<&'static str, String> {
        ANY_OF.into_iter().find(|id| self.runtime(lab, id).is_ok()).ok_or_else(|| {
            "no runtime is installed yet; install Node.js, or build wasmi in a minute or two: \
             cargo xtask setup --runtime wasmi"
                .to_owned()
        })
    }

    /// The command with its placeholders replaced: `{any}`, and `{work}` in exercises.
    pub fn command(&self, lab: &Lab, text: &str, work: Option<&std::path::Path>) -> String {
        let any = self.any(lab).unwrap_or("node");
        let text = text.replace(ANY, any);
        match work {
            Some(folder) => text.replace(WORK, &typed(lab, folder)),
            None => text,
        }
    }
}

fn look_up(lab: &Lab, id: &str) -> Result<(), String> {
    let Some(runtime) = runtimes::find(id) else { return Err(format!("no runtime is named {id}")) };
    match (engines::find_tool(lab, runtime), runtime.source) {
        (Ok(_), _) => Ok(()),
        (Err(Some(absence)), _) => Err(format!("{id} is not installed: {}; {}", absence.reason, absence.remedy)),
        (Err(None), Source::Program(program)) => Err(format!("{id} is not installed; {}", program.install_hint)),
        (Err(None), Source::Embedded(_) | Source::Driver { .. }) => {
            Err(format!("{id} is not built yet: cargo xtask setup --runtime {id}"))
        }
    }
}
