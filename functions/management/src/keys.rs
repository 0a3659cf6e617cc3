//! Keys.

mod block;
mod delete;
mod find;
mod generate;
mod health;
mod info;
mod list;
mod mint;
mod regenerate;
mod row;
mod update;

pub use block::{block, unblock};
pub use delete::delete;
pub use generate::{generate, order, read as read_order};
pub use health::health;
pub use info::info;
pub use list::list;
pub use mint::{Minted, Order, mint, must_be_free};
pub use regenerate::regenerate;
pub use row::KeyRow;
pub use update::update;

use shared::secret::{Secret, SecretHash};

/// The hash of a key that was sent in the clear or as its hash.
pub fn hash_of(text: &str) -> SecretHash {
    SecretHash::parse(text).unwrap_or_else(|| Secret::new(text).hash())
}
