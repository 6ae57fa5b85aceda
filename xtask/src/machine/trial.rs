//! Questions that a tool answers by doing: whether a compiler links is told by a program that it linked, not by the
//! name of a file that it says it would use.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::cache::question_key;
use wasmlab_toolchains::Trial;

use super::{Machine, put};

/// How long a trial may take. A tiny program takes a tenth of a second; this is for a machine with much else to do.
const LIMIT: Duration = Duration::from_secs(60);

impl Machine {
    /// Has a tool make something small: what it said while it did, on stdout and stderr.
    ///
    /// # Errors
    /// The words of a tool that cannot be started, fails, leaves no output, or is not done within a minute.
    pub fn attempt(&self, trial: &Trial) -> Result<String, String> {
        let key = question_key("makes", &trial.question, trial.output);
        self.answer_of(key, &trial.question, || self.try_in_a_folder(trial))
    }

    fn try_in_a_folder(&self, trial: &Trial) -> Result<String, String> {
        let folder = self.private_folder().map_err(|e| format!("no folder can be made for a trial: {e}"))?;
        let written = folder.path().join(trial.source.0);
        fs::write(&written, trial.source.1).map_err(|e| format!("`{}`: {e}", written.display()))?;
        let mut question = trial.question.clone();
        for name in ["TMPDIR", "TEMP", "TMP"] {
            question.env.insert(name.into(), folder.path().into());
        }
        let ended = put(&question, folder.path(), LIMIT)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&ended.stdout), text(&ended.stderr));
        if !ended.success() {
            let words = stderr.lines().filter(|line| line.contains("error:")).take(2).collect::<Vec<_>>().join("; ");
            let words = if words.is_empty() { stderr.lines().next().unwrap_or("no message").to_owned() } else { words };
            return Err(words.replace(&folder.path().display().to_string(), "."));
        }
        if fs::metadata(folder.path().join(trial.output)).map_or(0, |meta| meta.len()) == 0 {
            return Err(format!("it succeeded but did not write `{}`", trial.output));
        }
        Ok(format!("{stdout}{stderr}"))
    }

    /// A new folder within the cache, which is there even where TMPDIR is wrong, else where the system has them.
    fn private_folder(&self) -> std::io::Result<tempfile::TempDir> {
        let cache = self.memory_file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(cache).and_then(|()| tempfile::tempdir_in(cache)).or_else(|_| tempfile::tempdir())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{Machine, Trial};
    use wasmlab_toolchains::Question;

    /// A compiler that is a script: it counts its runs, names the linker it uses, and needs that linker.
    fn compiler(dir: &Path) -> Trial {
        let (program, linker, asked) = (dir.join("cc"), dir.join("ld"), dir.join("asked"));
        let text = format!(
            "#!/bin/sh\necho asked >> {asked}\n[ -e {linker} ] || {{ echo \"cc: error: no linker\" >&2; exit 1; }}\n\
             echo \" \\\"{linker}\\\" -o $2\" >&2\ncp \"$1\" \"$2\"\n",
            asked = asked.display(),
            linker = linker.display()
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let args = vec!["trial.c".into(), "trial.wasm".into()];
        let question = Question { witness: program.clone(), program, args, env: BTreeMap::new() };
        Trial { question, source: ("trial.c", "int main(void) { return 0; }\n"), output: "trial.wasm" }
    }

    #[test]
    fn an_answer_holds_as_long_as_the_files_it_names() {
        let dir = tempfile::tempdir().unwrap();
        let trial = compiler(dir.path());
        let linker = dir.path().join("ld");
        let times = || fs::read_to_string(dir.path().join("asked")).unwrap_or_default().lines().count();
        let memory = dir.path().join("cache/machine.json");
        let attempt = || {
            let machine = Machine::new(memory.clone());
            // Twice: rows that need one tool ask it once, whatever it says.
            let answers = [(); 2].map(|()| machine.attempt(&trial));
            assert_eq!(answers[0], answers[1]);
            machine.save();
            answers[0].clone()
        };
        for _ in 0..2 {
            assert_eq!(attempt(), Err("cc: error: no linker".to_owned()));
        }
        assert_eq!(times(), 2, "what it could not do is tried again by the next run");
        fs::write(&linker, "").unwrap();
        for _ in 0..2 {
            assert!(attempt().unwrap().contains(&linker.display().to_string()));
        }
        assert_eq!(times(), 3, "and what it could do is not");
        fs::write(&linker, "another one").unwrap();
        assert!(attempt().is_ok());
        assert_eq!(times(), 4, "another linker is another answer");
        fs::remove_file(&linker).unwrap();
        assert!(attempt().is_err(), "without its linker it links no more");
        let left: Vec<_> = fs::read_dir(dir.path().join("cache")).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["machine.json"], "trials leave nothing");
    }

    #[test]
    fn a_tool_that_leaves_nothing_has_failed() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().join("machine.json"));
        let trial = Trial { output: "other.wasm", ..compiler(dir.path()) };
        fs::write(dir.path().join("ld"), "").unwrap();
        assert_eq!(machine.attempt(&trial), Err("it succeeded but did not write `other.wasm`".to_owned()));
    }
}
