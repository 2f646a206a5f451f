//! `faissil-bindgen MODULE OUT NAME`: what the tool `wasm-bindgen` does, at the version that the module was built with.
//!
//! The tool itself brings a test runner with a web server and TLS along; this is the library it is made of.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let [module, out, name] = arguments.as_slice() else {
        eprintln!("usage: faissil-bindgen MODULE OUT NAME");
        return ExitCode::from(2);
    };
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(module).out_name(&name.to_string_lossy()).typescript(true).omit_default_module_path(true);
    match bindgen.web(true).and_then(|bindgen| bindgen.generate(out)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
