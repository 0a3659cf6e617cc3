//! Panics in the log.

/// Logs a panic by its place alone: its message may quote what a client sent.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "panicked");
    }));
}
