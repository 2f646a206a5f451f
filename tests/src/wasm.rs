//! The module for browsers, run under wasmtime: what the JavaScript of wasm-bindgen does, in Rust.
//!
//! The modules are those that are shipped, in `host-wasm/npm/dist`; `cargo xtask wasm` builds them. They call
//! nothing of JavaScript but to set up a table and to throw, so they need no more than this.

use faissil_core::Span;
use faissil_core::bytes::slice;
use std::sync::OnceLock;
use wasmtime::{
    Caller, Engine, Extern, Instance, Linker, Memory, Module, Store, TypedFunc, Val, WasmParams, WasmResults,
};

/// A running module.
#[derive(Debug)]
pub struct Wasm {
    store: Store<()>,
    instance: Instance,
    memory: Memory,
    /// The one that is asked where codecs are missing here, once it was needed.
    packed: Option<Box<Wasm>>,
}

/// The bytes of a file, and of a second one with its lists.
#[derive(Debug, Clone, Copy)]
pub struct Bytes<'a> {
    /// What reports call it.
    pub name: &'a str,
    /// The file.
    pub file: &'a [u8],
    /// Its side file.
    pub side: Option<&'a [u8]>,
}

/// What a task gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// JSON of each result.
    pub results: Vec<String>,
    /// The bytes of all results, one after the other.
    pub bytes: Vec<u8>,
    /// Why it failed, as JSON.
    pub failure: Option<String>,
    /// How often it asked for bytes.
    pub asked: usize,
    /// It takes codecs that this module has not.
    pub elsewhere: bool,
}

/// A module, compiled once.
type Compiled = OnceLock<(Engine, Module)>;

fn compile(name: &str) -> (Engine, Module) {
    let path = crate::root().join("host-wasm/npm/dist").join(name);
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask wasm` builds it", path.display()));
    let engine = Engine::default();
    let module = Module::new(&engine, bytes).expect("it is a WebAssembly module");
    (engine, module)
}

impl Wasm {
    /// Start the module that says what is in a file.
    ///
    /// # Panics
    /// When it is not there, or cannot be started; so does everything else here.
    pub fn basics() -> Wasm {
        static BASICS: Compiled = OnceLock::new();
        Wasm::start(BASICS.get_or_init(|| compile("faissil.wasm")))
    }

    /// Start the one that takes things out of a file.
    pub fn contents() -> Wasm {
        static CONTENTS: Compiled = OnceLock::new();
        Wasm::start(CONTENTS.get_or_init(|| compile("contents.wasm")))
    }

    /// Start the one that is the first with all codecs.
    pub fn packed() -> Wasm {
        static PACKED: Compiled = OnceLock::new();
        Wasm::start(PACKED.get_or_init(|| compile("packed.wasm")))
    }

    /// Start the one that says how an index is doing.
    pub fn health() -> Wasm {
        static HEALTH: Compiled = OnceLock::new();
        Wasm::start(HEALTH.get_or_init(|| compile("health.wasm")))
    }

    fn start((engine, module): &(Engine, Module)) -> Wasm {
        let mut store = Store::new(engine, ());
        let mut linker = Linker::new(engine);
        for import in module.imports() {
            let ty = import.ty().func().expect("it imports functions only").clone();
            let name = import.name().to_string();
            let throws = name.contains("throw");
            assert!(throws || name == "__wbindgen_init_externref_table", "the module calls JavaScript: {name}");
            let call = move |mut caller: Caller<'_, ()>, values: &[Val], _: &mut [Val]| match values {
                [Val::I32(at), Val::I32(len)] if throws => {
                    let memory = caller.get_export("memory").and_then(Extern::into_memory);
                    let all = memory.expect("it has a memory").data(&caller);
                    let said = slice(all, Span::new(u64::from(at.cast_unsigned()), u64::from(len.cast_unsigned())));
                    Err(wasmtime::Error::msg(format!("threw: {}", String::from_utf8_lossy(said))))
                }
                _ => Ok(()),
            };
            linker.func_new(import.module(), import.name(), ty, call).expect("no name comes twice");
        }
        let instance = linker.instantiate(&mut store, module).expect("it starts");
        let memory = instance.get_memory(&mut store, "memory").expect("it has a memory");
        let mut wasm = Wasm { store, instance, memory, packed: None };
        wasm.call::<(), ()>("__wbindgen_start", ());
        wasm
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> R {
        let function: TypedFunc<P, R> =
            self.instance.get_typed_func(&mut self.store, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        function.call(&mut self.store, params).unwrap_or_else(|error| panic!("{name}: {error:?}"))
    }

    /// Bytes of its memory so far, or of the other module's if that has more; it never shrinks.
    pub fn memory(&self) -> u64 {
        let other = self.packed.as_ref().map_or(0, |packed| packed.memory());
        other.max(self.memory.data_size(&self.store) as u64)
    }

    /// The module that has all codecs.
    fn with_codecs(&mut self) -> &mut Wasm {
        self.packed.get_or_insert_with(|| Box::new(Wasm::packed()))
    }

    /// Put bytes where the module can take them over.
    fn pass(&mut self, bytes: &[u8]) -> (i32, i32) {
        let len = i32::try_from(bytes.len()).expect("a piece is small");
        let at: i32 = self.call("__wbindgen_malloc", (len, 1));
        self.memory.write(&mut self.store, at as usize, bytes).expect("it was allocated");
        (at, len)
    }

    /// Take over bytes that the module gives away.
    fn take(&mut self, (at, len): (i32, i32)) -> Vec<u8> {
        let mut out = vec![0; len as usize];
        self.memory.read(&self.store, at as usize, &mut out).expect("it is in the memory");
        self.call::<_, ()>("__wbindgen_free", (at, len, 1));
        out
    }

    /// Run a task to its end, in the module `packed` if this one has not the codecs. `page`: what it asks for comes in
    /// pieces of at most so many bytes.
    pub fn ask(&mut self, bytes: Bytes<'_>, op: &str, params: &str, page: u64) -> Answer {
        let file = self.open(bytes);
        let answer = self.ask_of(file, bytes, op, params, page);
        self.close(file);
        if answer.elsewhere {
            return self.with_codecs().ask(bytes, op, params, page);
        }
        answer
    }

    /// Open a file.
    pub fn open(&mut self, bytes: Bytes<'_>) -> i32 {
        let (at, len) = self.pass(bytes.name.as_bytes());
        let side = bytes.side.map_or(0, |side| side.len() as i64);
        self.call("file_new", (bytes.file.len() as i64, at, len, i32::from(bytes.side.is_some()), side))
    }

    /// Close it.
    pub fn close(&mut self, file: i32) {
        self.call::<_, ()>("__wbg_file_free", (file, 0));
    }

    /// Run a task on an open file to its end.
    pub fn ask_of(&mut self, file: i32, bytes: Bytes<'_>, op: &str, params: &str, page: u64) -> Answer {
        let task = self.begin(file, op, params);
        let answer = self.run(task, bytes, page);
        self.call::<_, ()>("__wbg_task_free", (task, 0));
        answer
    }

    fn begin(&mut self, file: i32, op: &str, params: &str) -> i32 {
        let ((op_at, op_len), (at, len)) = (self.pass(op.as_bytes()), self.pass(params.as_bytes()));
        self.call("file_start", (file, op_at, op_len, at, len))
    }

    fn run(&mut self, task: i32, bytes: Bytes<'_>, page: u64) -> Answer {
        let mut answer = Answer { results: Vec::new(), bytes: Vec::new(), failure: None, asked: 0, elsewhere: false };
        loop {
            match self.call::<_, i32>("task_step", task) {
                0 => {
                    answer.asked += 1;
                    self.bring(task, bytes, page);
                }
                1 => {
                    answer.results.push(self.json(task));
                    let taken = self.call("task_bytes", task);
                    answer.bytes.extend(self.take(taken));
                }
                2 => {
                    answer.failure = Some(self.json(task));
                    return answer;
                }
                4 => {
                    answer.elsewhere = true;
                    return answer;
                }
                _ => return answer,
            }
        }
    }

    /// Verify a file: begin, check every chunk from the last to the first, finish. Gives a failure, or the report.
    pub fn verify(&mut self, bytes: Bytes<'_>, expect: Option<&str>) -> (Option<String>, Vec<String>) {
        let file = self.open(bytes);
        let params = expect.map_or(String::new(), |digest| format!("expect={digest}"));
        let begun = self.begin(file, "verify", &params);
        let answer = self.run(begun, bytes, 1 << 20);
        if answer.elsewhere {
            self.call::<_, ()>("__wbg_task_free", (begun, 0));
            self.close(file);
            return self.with_codecs().verify(bytes, expect);
        }
        let verifier: i32 = self.call("task_verifier", begun);
        let verified = if verifier == 0 {
            (answer.failure, answer.results)
        } else {
            let (places, _) = answer.bytes.as_chunks::<8>();
            for (number, place) in places.chunks(2).enumerate().rev() {
                let span = Span::new(u64::from_le_bytes(place[0]), u64::from_le_bytes(place[1]));
                let (at, len) = self.pass(slice(bytes.file, span));
                let state: i32 = self.call("verifier_check", (verifier, number as i32, at, len));
                assert!(state == 1 || state == 2, "chunk {number} is {state}");
            }
            let finishing = self.call("verifier_finish", verifier);
            let report = self.run(finishing, bytes, 1 << 20);
            self.call::<_, ()>("__wbg_task_free", (finishing, 0));
            self.call::<_, ()>("__wbg_verifier_free", (verifier, 0));
            (report.failure, report.results)
        };
        self.call::<_, ()>("__wbg_task_free", (begun, 0));
        self.close(file);
        verified
    }

    fn bring(&mut self, task: i32, bytes: Bytes<'_>, page: u64) {
        let at: i64 = self.call("task_needAt", task);
        let len: i64 = self.call("task_needLen", task);
        let side = self.call::<_, i32>("task_needFile", task) != 0;
        let source = if side { bytes.side.expect("it was told of a side file") } else { bytes.file };
        let need = Span::new(at.cast_unsigned(), len.cast_unsigned());
        assert!(!need.is_empty() && need.end() <= source.len() as u64, "it asks for {need} of {} bytes", source.len());
        let piece = slice(source, Span::new(need.start, need.len.min(page)));
        let (piece_at, piece_len) = self.pass(piece);
        self.call::<_, ()>("task_bring", (task, at, piece_at, piece_len));
    }

    fn json(&mut self, task: i32) -> String {
        let taken = self.call("task_json", task);
        String::from_utf8(self.take(taken)).expect("JSON is text")
    }
}
