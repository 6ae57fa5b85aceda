//! What a runtime lacked in a run, and a switch may provide.

/// A feature that a run lacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingFeature<'a> {
    /// A proposal, by the lab's name.
    Proposal(&'a str),
    /// An import: `module.name`, or the name of an interface with its version.
    Import(&'a str),
    /// Call stack depth.
    Stack,
    /// Permission to wait on shared memory, which a page's main thread lacks.
    Waiting,
}
