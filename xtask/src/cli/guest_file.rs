//! Reads a file that the user names, which may be huge, an endless device, or a pipe without a writer.

use std::io;
use std::path::Path;

use wasmlab_process::{open_limited, read_limited};

/// Option of subcommands that read such files.
#[derive(clap::Args)]
pub struct MaxSize {
    /// Maximum size of a file, in bytes or with a suffix: K, M or G
    #[arg(long, value_name = "SIZE", default_value = "512M", value_parser = size)]
    max_size: u64,
}

impl MaxSize {
    /// Reads the file if it is a regular file within the limit.
    ///
    /// # Errors
    /// The kind of file it is, or why it cannot be read.
    pub fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        read_limited(path, self.max_size).map_err(|error| self.with_remedy(error))
    }

    /// Checks that it is a regular file within the limit, without reading it.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn check(&self, path: &Path) -> io::Result<()> {
        open_limited(path, self.max_size).map(drop).map_err(|error| self.with_remedy(error))
    }

    fn with_remedy(&self, error: io::Error) -> io::Error {
        let what = match error.kind() {
            io::ErrorKind::FileTooLarge => {
                format!("it has more than {} bytes: raise --max-size to read it", self.max_size)
            }
            io::ErrorKind::Other => format!("it is {error}: copy its content into one"),
            _ => return error,
        };
        io::Error::new(error.kind(), what)
    }
}

/// Parses a size: `512M`, `65536`.
fn size(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(text.trim_end_matches(['K', 'M', 'G']).len());
    let unit = match unit {
        "" => Some(1_u64),
        "K" => Some(1 << 10),
        "M" => Some(1 << 20),
        "G" => Some(1 << 30),
        _ => None,
    };
    let size = unit.and_then(|unit| number.parse::<u64>().ok()?.checked_mul(unit)).filter(|size| *size > 0);
    size.ok_or_else(|| "give bytes, such as 65536, 512M or 1G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{MaxSize, size};

    #[test]
    fn sizes_are_parsed() {
        for (text, expected) in [
            ("1", Some(1)),
            ("64K", Some(65_536)),
            ("1G", Some(1 << 30)),
            ("0", None),
            ("1MM", None),
            ("x", None),
            ("99999999999G", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn only_regular_files_are_read_up_to_the_limit() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), "text").unwrap();
        let read = |name: &str, max_size| MaxSize { max_size }.read(&dir.path().join(name));
        assert_eq!(read("file", 4).unwrap(), b"text");
        assert!(read("file", 3).unwrap_err().to_string().contains("--max-size"));
        crate::store::files::create_pipe(&dir.path().join("pipe"));
        for name in ["pipe", "/dev/zero", ".", "none"] {
            assert!(read(name, 4).is_err(), "{name}");
        }
    }
}
