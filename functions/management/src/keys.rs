//! Keys.

mod delete;
mod generate;
mod list;
mod mint;
mod row;

pub use delete::delete;
pub use generate::generate;
pub use list::list;
pub use mint::{Minted, Order, mint, must_be_free};
pub use row::KeyRow;

use shared::secret::{Secret, SecretHash};

/// The hash of a key that was sent in the clear or as its hash.
pub fn hash_of(text: &str) -> SecretHash {
    SecretHash::parse(text).unwrap_or_else(|| Secret::new(text).hash())
}
