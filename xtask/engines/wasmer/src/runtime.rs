//! What wasmer-wasix asks of whoever embeds it, and the end of a cell by one of the guest's threads.

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
use wasmlab_engine::Log;
use wasmlab_protocol::{Cause, CellSpec};

use crate::{cause, network};

/// Held by the thread that ends the cell. There is one last event, and the first thread to come writes it.
static END: Mutex<()> = Mutex::new(());

/// The caller ends the cell: no thread of the guest does so any more.
pub(crate) fn begin_end() -> MutexGuard<'static, ()> {
    END.lock().unwrap_or_else(PoisonError::into_inner)
}

/// wasmer's own runtime, which hears what becomes of threads.
#[derive(Debug)]
pub(crate) struct CellRuntime {
    base: PluggableRuntime,
    log: Log,
}

impl CellRuntime {
    /// A runtime with the specification's network. `tokio` must be entered.
    pub(crate) fn new(spec: &CellSpec, log: &Log, engine: &Engine, tokio: &Tokio) -> Self {
        let mut base = PluggableRuntime::new(Arc::new(TokioTaskManager::new(tokio.handle().clone())));
        network::give(&mut base, spec);
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

    /// A thread trapped, or exited with a code: that ends the whole program, says wasi-threads. wasmer leaves
    /// it to its embedder, and without one that listens the other threads wait for the lost one for ever.
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
        let _ending = begin_end();
        std::io::stdout().flush().ok();
        self.log.end(cause);
        // The other threads run on; nothing but the end of the process stops them.
        std::process::exit(0);
    }
}
