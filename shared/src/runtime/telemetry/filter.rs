//! Which events reach the log.

use std::str::FromStr;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

use super::BENCH_TARGET;

/// The crates of this project. The events of all others are logged from `warn` on: the debug lines of the AWS SDK, of hyper
/// and of the Lambda runtime hold prompts and keys.
const OWN: [&str; 9] = [
    "budget_reset",
    "fake_aws",
    "inference",
    "management",
    "server",
    "shared",
    "stargate",
    "stargate_core",
    "stargate_import",
];

/// The filter that `RUST_LOG` asks for, as a level and levels of targets (`warn,shared=debug`). It sets the level of this
/// project's targets, `info` without it, and makes the others quieter at most. What cannot be read is no filter.
pub fn filter(directives: Option<&str>) -> Targets {
    let asked = directives.and_then(|text| Targets::from_str(text).ok()).unwrap_or_default();
    let default = asked.default_level().unwrap_or(LevelFilter::INFO);
    let single = asked.iter().map(|(target, level)| {
        let krate = target.split("::").next().unwrap_or(target);
        (target.to_owned(), if OWN.contains(&krate) { level } else { level.min(LevelFilter::WARN) })
    });
    Targets::new()
        .with_default(default.min(LevelFilter::WARN))
        .with_targets(OWN.map(|target| (target, default)))
        .with_targets(single)
        .with_target(BENCH_TARGET, LevelFilter::OFF)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn other_crates_are_never_louder_than_warn() {
        for (directives, target, level, is_logged) in [
            (None, "shared::store", Level::INFO, true),
            (None, "shared::store", Level::DEBUG, false),
            (None, "aws_config", Level::INFO, false),
            (None, "hyper", Level::WARN, true),
            (Some("trace"), "inference::pipeline", Level::TRACE, true),
            (Some("trace"), "aws_smithy_runtime::client", Level::INFO, false),
            (Some("trace"), "lambda_runtime", Level::DEBUG, false),
            (Some("hyper=trace,aws_sdk_dynamodb=debug"), "hyper::proto", Level::INFO, false),
            (Some("hyper=trace,aws_sdk_dynamodb=debug"), "aws_sdk_dynamodb", Level::INFO, false),
            (Some("hyper=trace"), "shared", Level::INFO, true),
            (Some("hyper=off"), "hyper", Level::ERROR, false),
            (Some("error"), "management::handlers", Level::WARN, false),
            (Some("error"), "rustls", Level::WARN, false),
            (Some("warn,shared::store=debug"), "shared::store::table", Level::DEBUG, true),
            (Some("warn,shared::store=debug"), "shared::auth", Level::INFO, false),
            (Some("shared_with_others=trace"), "shared_with_others", Level::INFO, false),
            (Some("not a filter"), "shared", Level::INFO, true),
            (Some("trace"), BENCH_TARGET, Level::ERROR, false),
        ] {
            let filter = filter(directives);
            assert_eq!(filter.would_enable(target, &level), is_logged, "{directives:?} {target} {level}");
        }
    }
}
