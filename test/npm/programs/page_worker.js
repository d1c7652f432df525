/** A worker that compiles the core for its page. */

postMessage(await WebAssembly.compileStreaming(fetch("/core.wasm")));
