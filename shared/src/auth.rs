//! Who sends a request: a key, the master key or an identity provider's token, and which scopes it may use.

mod api_key;
pub mod jwt;
mod jwt_keys;
mod key_cache;
mod master_key;
mod scope_access;

pub use api_key::{authenticate_key, extract_api_key};
pub use jwt_keys::{JwtAuthenticator, TokenPurpose};
pub use key_cache::KeyCache;
pub use master_key::MasterKey;
pub use scope_access::{ScopeAccess, standing};
