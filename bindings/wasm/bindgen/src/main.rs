//! The part of wasm-bindgen's command line that this workspace uses: adds the web glue to a module, with the library of the
//! version in Cargo.lock. Nix builds this command in advance and passes it to xtask.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(module), Some(folder), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        eprintln!("usage: gridbid-bindgen MODULE.wasm FOLDER");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&module).typescript(true).remove_producers_section(true);
    // A trap leaves an instance unusable: the glue can replace it.
    bindgen.reset_state_function(true);
    let generated = bindgen.web(true).and_then(|bindgen| bindgen.generate(&folder));
    match generated {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-bindgen failed for `{module}`: {error:#}");
            ExitCode::FAILURE
        }
    }
}
