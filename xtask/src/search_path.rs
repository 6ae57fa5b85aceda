//! PATH without relative folders. With `.` or an empty entry in it, a program in the lab's working folder could run as
//! a runtime, an engine or a compiler, and in a cell, one of the guest's files.

use std::ffi::{OsStr, OsString};

/// Removes relative folders from this process's PATH, which its children inherit. Call it before anything else.
pub fn restrict() {
    let Some(path) = std::env::var_os("PATH") else { return };
    match absolute(&path) {
        Some(restricted) if restricted == path => {}
        // SAFETY: the process has a single thread so far, so nobody reads the environment meanwhile.
        Some(restricted) => unsafe { std::env::set_var("PATH", restricted) },
        // An empty PATH is the current folder; without the variable, the system's own folders are searched.
        // SAFETY: as above.
        None => unsafe { std::env::remove_var("PATH") },
    }
}

/// The absolute folders of a PATH; `None` if there are none.
fn absolute(path: &OsStr) -> Option<OsString> {
    let mut folders = std::env::split_paths(path).filter(|folder| folder.is_absolute()).peekable();
    folders.peek()?;
    std::env::join_paths(folders).ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::ffi::{OsStr, OsString};

    #[test]
    fn relative_folders_are_left_out() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(super::absolute(OsStr::new(path)), expected.map(OsString::from), "{path}");
        };
        check("/usr/bin:/bin", Some("/usr/bin:/bin"));
        check(".:/bin", Some("/bin"));
        check("/bin:", Some("/bin"));
        check(":/usr/bin::bin:../x:./y:/bin/../sbin", Some("/usr/bin:/bin/../sbin"));
        check(".", None);
        check("", None);
    }
}
