//! Keeps a value in a store of the host's, looks at it from every side, and takes it away again.
//!
//! Prints one line a capability: `lab: NAME ok`, or what was wrong.

wit_bindgen::generate!({ world: "keeper", generate_all });

use std::process::ExitCode;

use wasi::keyvalue::store::{self, Bucket, Error};

/// A step: its name, and what it finds of the store.
type Step = (&'static str, fn(&Bucket) -> Result<bool, Error>);

const STEPS: &[Step] = &[
    ("keyvalue-set", |bucket| bucket.set("colour", b"violet").map(|()| true)),
    ("keyvalue-get", |bucket| Ok(bucket.get("colour")?.as_deref() == Some(b"violet") && bucket.get("none")?.is_none())),
    ("keyvalue-exists", |bucket| Ok(bucket.exists("colour")? && !bucket.exists("none")?)),
    ("keyvalue-list", |bucket| Ok(bucket.list_keys(None)?.keys == ["colour"])),
    ("keyvalue-delete", |bucket| {
        bucket.delete("colour")?;
        Ok(!bucket.exists("colour")?)
    }),
];

fn main() -> ExitCode {
    // The default store has the empty name.
    let bucket = match store::open("") {
        Ok(bucket) => bucket,
        Err(error) => {
            println!("lab: keyvalue-open {}", message(&error));
            return ExitCode::FAILURE;
        }
    };
    println!("lab: keyvalue-open ok");
    let mut code = ExitCode::SUCCESS;
    for (name, step) in STEPS {
        let problem = match step(&bucket) {
            Ok(true) => {
                println!("lab: {name} ok");
                continue;
            }
            Ok(false) => "wrong the store has something else".to_owned(),
            Err(error) => message(&error),
        };
        println!("lab: {name} {problem}");
        code = ExitCode::FAILURE;
    }
    code
}

/// The refusal with its code as WIT has it.
fn message(error: &Error) -> String {
    match error {
        Error::AccessDenied => "error=access-denied wasi:keyvalue/store".to_owned(),
        other => format!("wrong {other:?}"),
    }
}
