//! The runtime that wasmer-wasix needs from its embedder, and how a thread of the guest ends the cell.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Runtime as Tokio;
use wasmer::{Engine, Store};
use wasmer_wasix::runtime::TaintReason;
use wasmer_wasix::runtime::package_loader::PackageLoader;
use wasmer_wasix::runtime::resolver::Source;
use wasmer_wasix::runtime::task_manager::tokio::TokioTaskManager;
use wasmer_wasix::virtual_net::DynVirtualNetworking;
use wasmer_wasix::{PluggableRuntime, Runtime, VirtualTaskManager};
use wasmlab_engine::EventLog;
use wasmlab_protocol::{Cause, CellSpec};

use crate::{cause, network};

/// Held by the thread that ends the cell. The first thread that holds it writes the last event.
static END: Mutex<()> = Mutex::new(());

/// The caller ends the cell; no thread of the guest can do so any more.
pub(crate) fn lock_end_event() -> MutexGuard<'static, ()> {
    END.lock().unwrap_or_else(PoisonError::into_inner)
}

/// wasmer's own runtime, with a handler for failing threads.
#[derive(Debug)]
pub(crate) struct CellRuntime {
    base: PluggableRuntime,
    log: EventLog,
}

impl CellRuntime {
    /// A runtime with the specification's network. Must be called within `tokio`.
    pub(crate) fn new(spec: &CellSpec, log: &EventLog, engine: &Engine, tokio: &Tokio) -> Self {
        let mut base = PluggableRuntime::new(Arc::new(TokioTaskManager::new(tokio.handle().clone())));
        network::allow(&mut base, spec);
        base.set_engine(engine.clone());
        Self { base, log: log.clone() }
    }
}

impl Runtime for CellRuntime {
    fn networking(&self) -> &DynVirtualNetworking {
        self.base.networking()
    }

    fn task_manager(&self) -> &Arc<dyn VirtualTaskManager> {
        self.base.task_manager()
    }

    fn package_loader(&self) -> Arc<dyn PackageLoader + Send + Sync> {
        self.base.package_loader()
    }

    fn source(&self) -> Arc<dyn Source + Send + Sync> {
        self.base.source()
    }

    fn engine(&self) -> Engine {
        self.base.engine()
    }

    fn new_store(&self) -> Store {
        self.base.new_store()
    }

    /// Called when a thread traps or exits with a code. According to wasi-threads, this ends the whole program. wasmer
    /// leaves it to the embedder; otherwise, the other threads would wait for the lost one forever.
    fn on_taint(&self, reason: TaintReason) {
        let cause = match reason {
            TaintReason::NonZeroExitCode(code) => Cause::Exit { code: code.raw() },
            TaintReason::RuntimeError(error) => cause::of_running(&error),
            TaintReason::UnknownWasiVersion => {
                Cause::HostError { message: "a thread imports an unknown version of WASI".to_owned() }
            }
            TaintReason::DlSymbolResolutionFailed(symbol) => {
                Cause::HostError { message: format!("a thread needs the symbol {symbol}, which no library has") }
            }
        };
        let _guard = lock_end_event();
        std::io::stdout().flush().ok();
        self.log.end(cause);
        // The other threads are still running; only the end of the process stops them.
        std::process::exit(0);
    }
}
