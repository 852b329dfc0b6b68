//! Lets the program build before the window's files were built.

use std::path::Path;

/// What the window shows when the program was built before `npm run build`.
const PLACEHOLDER: &str = "<!doctype html><meta charset=\"utf-8\"><title>Loopstart</title><p><code>npm run build</code></p>";

fn main() {
    println!("cargo:rerun-if-changed=../ui/dist");
    let index = Path::new("../ui/dist/index.html");
    if !index.exists() {
        let written = std::fs::create_dir_all("../ui/dist").and_then(|()| std::fs::write(index, PLACEHOLDER));
        if let Err(error) = written {
            println!("cargo:warning=ui/dist/index.html could not be written: {error}");
        }
    }
    tauri_build::build();
}
