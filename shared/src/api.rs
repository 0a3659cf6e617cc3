//! HTTP as every function serves it: bodies, errors in the format of their route, and middleware.

mod body;
mod catch_panic;
mod error;
mod error_format;
mod origin_secret;
mod version_header;

pub use body::{json_response, parse, read_body, read_json_body};
pub use catch_panic::catch_panic;
pub use error::{ApiError, ErrorKind, ErrorResponse};
pub use error_format::{ErrorFormat, SHOULD_RETRY};
pub use origin_secret::require_origin_secret;
pub use version_header::with_version_header;
