//! How a function's program runs and ends: `--version`, and one readable line if it cannot start.

use std::error::Error;
use std::process::ExitCode;

/// The version of this build.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Any error of a program.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The exit code of a function's `main`. `--version` prints the version and starts nothing.
#[expect(clippy::print_stdout, reason = "the version is the output of the program")]
pub async fn run(program: &str, main: impl Future<Output = Result<(), BoxError>>) -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--version") {
        println!("{program} {VERSION}");
        return ExitCode::SUCCESS;
    }
    report(program, main.await)
}

/// The exit code of a program's `main`. An error is printed to stderr, which CloudWatch keeps of a function, in one line with
/// its causes: `Debug` would print a Rust structure.
#[expect(clippy::print_stderr, reason = "a program that cannot start has no log yet")]
pub fn report(program: &str, result: Result<(), BoxError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {}", one_line(&*error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes. A cause that the text before it repeats is left out.
fn one_line(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ").replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the setting")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("line 1:\nnot JSON")]
    struct Inner;

    #[test]
    fn an_error_is_one_line_with_its_causes() {
        assert_eq!(one_line(&Outer(Inner)), "cannot read the setting: line 1: not JSON");
    }
}
