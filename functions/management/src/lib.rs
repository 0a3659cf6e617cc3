//! Management: users, keys, teams and spend, as clients of LiteLLM know them.
//!
//! A module imports only modules of the layers before it:
//!
//! 1. `openapi` the document of all routes
//! 2. `request` what a request says, read field by field
//! 3. `key_policy` the deployment's defaults and bounds for users and keys
//! 4. `admin_auth`, `state`, `authorize` who may send a request, and how errors leave
//! 5. `rows` objects as responses show them; `audit_log` changes, recorded
//! 6. `provisioning` what several handlers need: finding and creating users, keys and members
//! 7. `handlers` one file per route
//! 8. `router` every route on one screen

mod admin_auth;
mod audit_log;
mod authorize;
mod handlers;
mod key_policy;
mod lambda_response;
mod openapi;
mod provisioning;
mod request;
mod route_builder;
mod router;
mod rows;
mod state;

pub use admin_auth::AdminAuthenticator;
pub use key_policy::KeyPolicy;
pub use lambda_response::BufferedResponse;
pub use provisioning::check_policy::read_key_policy;
pub use router::router;
pub use state::{MAX_BODY, ManagementState};
