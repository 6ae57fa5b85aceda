//! wasmer's host for WASI 0.1 and WASIX.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;
use wasmer::{Engine, Extern, Imports, Instance, Memory, Module, Store};
use wasmer_wasix::virtual_fs::{MountFileSystem, RootFileSystemBuilder, host_fs};
use wasmer_wasix::{WasiEnv, WasiEnvBuilder, WasiFunctionEnv};
use wasmlab_engine::{self as engine, EventLog};
use wasmlab_protocol::{Cause, CellSpec, HostRefusal};

use crate::cause::engine_error;
use crate::runtime::CellRuntime;
use crate::socket::{self, Sockets};

/// The host of one guest; empty if the module does not import WASI.
pub(crate) struct Wasi {
    env: Option<WasiFunctionEnv>,
    /// The sockets' network must outlive the guest.
    _sockets: Option<Sockets>,
}

impl Wasi {
    /// Creates a host for `module`.
    pub(crate) fn new(
        spec: &CellSpec,
        log: &EventLog,
        module: &Module,
        engine: &Engine,
        store: &mut Store,
        tokio: &Runtime,
    ) -> Result<Self, Cause> {
        if !module.imports().any(|import| import.module().starts_with("wasi")) {
            return Ok(Self { env: None, _sockets: None });
        }
        let runtime = CellRuntime::new(spec, log, engine, tokio);
        let program = spec.args.first().cloned().unwrap_or_default();
        let mut builder = WasiEnv::builder(program).engine(engine.clone()).runtime(Arc::new(runtime));
        let sockets = socket::open(spec, tokio)?;
        let args = engine::guest_args(spec, socket::first_fd(spec));
        builder.add_args(args.iter().skip(1));
        builder.add_envs(&spec.env);
        preopen_dirs(&mut builder, spec, tokio)?;
        if let Some(sockets) = &sockets {
            builder = builder.setup_fs(Box::new(sockets.setup()));
        }
        let env = builder.finalize(store).map_err(|e| engine_error(&e))?;
        Ok(Self { env: Some(env), _sockets: sockets })
    }

    /// The functions of the WASI versions that `module` imports.
    pub(crate) fn imports(&self, store: &mut Store, module: &Module) -> Result<Imports, Cause> {
        match &self.env {
            // If wasmer knows none of the versions, all imports are missing, which the caller reports.
            Some(env) => Ok(env.import_object_for_all_wasi_versions(store, module).unwrap_or_default()),
            None => Ok(Imports::new()),
        }
    }

    /// Whether the host creates this imported memory, as wasmer's own runner does.
    pub(crate) fn creates_memory(&self, module: &str, name: &str) -> bool {
        self.env.is_some() && (module, name) == ("env", "memory")
    }

    /// Connects the host to the instance it serves.
    pub(crate) fn attach(&mut self, store: &mut Store, instance: &Instance, imports: &Imports) -> Result<(), Cause> {
        let Some(env) = &mut self.env else { return Ok(()) };
        let attached = match imports.get_export("env", "memory") {
            Some(Extern::Memory(memory)) => attach_with(env, store, instance, memory),
            _ => env.initialize(store, instance.clone()),
        };
        // The instance has no memory, so no WASI function can work for it.
        attached.map_err(|e| Cause::HostRefused { refusal: HostRefusal::NoMemory, message: e.to_string() })
    }

    /// Flushes and closes what the guest left open.
    pub(crate) fn close(&mut self, store: &Store, cause: Option<&Cause>) {
        let code = if let Some(Cause::Exit { code }) = cause { *code } else { 0 };
        if let Some(env) = &self.env {
            // Not `WasiFunctionEnv::on_exit`, which panics if there is no instance. What it does in addition is for
            // dynamically linked programs, which are not run here.
            env.data(store).blocking_on_exit(Some(code.into()));
        }
    }
}

fn attach_with(
    env: &mut WasiFunctionEnv,
    store: &mut Store,
    instance: &Instance,
    memory: Memory,
) -> Result<(), wasmer::ExportError> {
    let handles = wasmer_wasix::WasiModuleInstanceHandles::new(memory, store, instance.clone(), None);
    let handles = wasmer_wasix::WasiModuleTreeHandles::Static(handles);
    env.initialize_handles_and_layout(store, instance.clone(), handles, None, true)
}

/// Mounts the specification's directories into an in-memory root of the guest's own and preopens them. (wasmer always
/// opens the root too, as descriptor 3.)
fn preopen_dirs(builder: &mut WasiEnvBuilder, spec: &CellSpec, tokio: &Runtime) -> Result<(), Cause> {
    let mounts = MountFileSystem::new();
    let mount_points: Vec<PathBuf> =
        spec.dirs.iter().map(|dir| Path::new("/").join(dir.guest.trim_start_matches("./"))).collect();
    if !mount_points.iter().any(|path| is_root(path)) {
        let root = RootFileSystemBuilder::default().build_tmp();
        mounts.mount("/", Arc::new(root)).map_err(|e| engine_error(&e))?;
    }
    for (dir, mount_point) in spec.dirs.iter().zip(&mount_points) {
        let failed = |e| engine_error(&format_args!("failed to open {}: {e}", dir.host.display()));
        let host = host_fs::FileSystem::new(tokio.handle().clone(), &dir.host).map_err(failed)?;
        mounts.mount(mount_point, Arc::new(host)).map_err(failed)?;
        builder.add_map_dir(&dir.guest, mount_point).map_err(|e| engine_error(&e))?;
    }
    builder.set_mount_fs(mounts);
    Ok(())
}

fn is_root(path: &Path) -> bool {
    matches!(path.to_str(), Some("/" | "/."))
}
