//! Test compilations: whether a compiler can link is known only from a program that it linked, not from the linker it
//! claims to use.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::cache::query_key;
use wasmlab_toolchains::TestCompile;

use super::{Machine, run};
use wasmlab_report::visible::VisiblePath;

/// Time limit. A tiny program takes a tenth of a second, unless the machine is very busy.
const LIMIT: Duration = Duration::from_secs(60);

impl Machine {
    /// Compiles a small program and returns what the tool printed on stdout and stderr.
    ///
    /// # Errors
    /// The message of a tool that cannot be started, fails, writes no output file, or does not finish within a minute.
    pub fn test_compile(&self, test: &TestCompile) -> Result<String, String> {
        let key = query_key("makes", &test.query, test.output);
        self.answer_of(key, &test.query, || self.compile_in_temp_dir(test))
    }

    fn compile_in_temp_dir(&self, test: &TestCompile) -> Result<String, String> {
        let folder = self.private_folder().map_err(|e| format!("failed to create a temporary folder: {e}"))?;
        let written = folder.path().join(test.source.0);
        fs::write(&written, test.source.1).map_err(|e| format!("`{}`: {e}", written.visible()))?;
        let mut query = test.query.clone();
        for name in ["TMPDIR", "TEMP", "TMP"] {
            query.env.insert(name.into(), folder.path().into());
        }
        let completed = run(&query, folder.path(), LIMIT)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&completed.stdout), text(&completed.stderr));
        if !completed.success() {
            let message = stderr.lines().filter(|line| line.contains("error:")).take(2).collect::<Vec<_>>().join("; ");
            let message =
                if message.is_empty() { stderr.lines().next().unwrap_or("no message").to_owned() } else { message };
            return Err(message.replace(&folder.path().display().to_string(), "."));
        }
        if fs::metadata(folder.path().join(test.output)).map_or(0, |meta| meta.len()) == 0 {
            return Err(format!("it succeeded but did not write `{}`", test.output));
        }
        Ok(format!("{stdout}{stderr}"))
    }

    /// A temporary folder inside the cache, which exists even if TMPDIR is wrong; as a fallback, in the system's
    /// temporary folder.
    fn private_folder(&self) -> std::io::Result<tempfile::TempDir> {
        let cache = self.cache_file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(cache).and_then(|()| tempfile::tempdir_in(cache)).or_else(|_| tempfile::tempdir())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{Machine, TestCompile};
    use wasmlab_toolchains::ToolQuery;

    /// A compiler as a script: it counts its runs, names the linker it uses, and needs that linker.
    fn compiler(dir: &Path) -> TestCompile {
        let (program, linker, log) = (dir.join("cc"), dir.join("ld"), dir.join("log"));
        let text = format!(
            "#!/bin/sh\necho log >> {log}\n[ -e {linker} ] || {{ echo \"cc: error: no linker\" >&2; exit 1; }}\n\
             echo \" \\\"{linker}\\\" -o $2\" >&2\ncp \"$1\" \"$2\"\n",
            log = log.display(),
            linker = linker.display()
        );
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let args = vec!["trial.c".into(), "trial.wasm".into()];
        let query = ToolQuery { depends_on: program.clone(), program, args, env: BTreeMap::new() };
        TestCompile { query, source: ("trial.c", "int main(void) { return 0; }\n"), output: "trial.wasm" }
    }

    #[test]
    fn answer_is_valid_while_the_files_it_names_are_unchanged() {
        let dir = tempfile::tempdir().unwrap();
        let test = compiler(dir.path());
        let linker = dir.path().join("ld");
        let times = || fs::read_to_string(dir.path().join("log")).unwrap_or_default().lines().count();
        let cache_file = dir.path().join("cache/machine.json");
        let answer = || {
            let machine = Machine::new(cache_file.clone());
            // Twice, because rows that need the same tool must run it only once, whatever the result.
            let answers = [(); 2].map(|()| machine.test_compile(&test));
            assert_eq!(answers[0], answers[1]);
            machine.save();
            answers[0].clone()
        };
        for _ in 0..2 {
            assert_eq!(answer(), Err("cc: error: no linker".to_owned()));
        }
        assert_eq!(times(), 2, "the next run must retry a failure");
        fs::write(&linker, "").unwrap();
        for _ in 0..2 {
            assert!(answer().unwrap().contains(&linker.display().to_string()));
        }
        assert_eq!(times(), 3, "the next run must not repeat a success");
        fs::write(&linker, "another one").unwrap();
        assert!(answer().is_ok());
        assert_eq!(times(), 4, "a changed linker must be tried again");
        fs::remove_file(&linker).unwrap();
        assert!(answer().is_err(), "linking without a linker must fail");
        let left: Vec<_> = fs::read_dir(dir.path().join("cache")).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["machine.json"], "temporary folders are left");
    }

    #[test]
    fn missing_output_file_is_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().join("machine.json"));
        let test = TestCompile { output: "other.wasm", ..compiler(dir.path()) };
        fs::write(dir.path().join("ld"), "").unwrap();
        assert_eq!(machine.test_compile(&test), Err("it succeeded but did not write `other.wasm`".to_owned()));
    }
}
