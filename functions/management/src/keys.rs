//! Keys.

mod aliases;
mod block;
mod delete;
mod find;
mod generate;
mod health;
mod info;
mod list;
mod mint;
mod owner;
mod regenerate;
mod row;
mod service_account;
mod update;

pub use generate::{order, read as read_order};
pub use mint::{CreatedKey, NewKey, create_key, must_be_free};
pub use row::KeyRow;

use stargate_core::secret::{Secret, SecretHash};

use crate::routes::Routes;

/// The routes of keys.
pub fn routes(routes: &mut Routes) {
    routes.post("/key/generate", generate::OPERATION, generate::generate);
    routes.post("/key/service-account/generate", service_account::OPERATION, service_account::generate);
    routes.post("/key/update", update::OPERATION, update::update);
    routes.post("/key/delete", delete::OPERATION, delete::delete);
    routes.post("/key/block", block::BLOCK, block::block);
    routes.post("/key/unblock", block::UNBLOCK, block::unblock);
    routes.post("/key/regenerate", regenerate::OPERATION, regenerate::regenerate);
    routes.post("/key/{key}/regenerate", regenerate::OPERATION, regenerate::regenerate);
    routes.post("/key/health", health::OPERATION, health::health);
    routes.get("/key/info", info::OPERATION, info::info);
    routes.get("/key/list", list::OPERATION, list::list);
}

/// The hash of a key that was sent in the clear or as its hash.
pub fn hash_of(text: &str) -> SecretHash {
    SecretHash::parse(text).unwrap_or_else(|| Secret::new(text).hash())
}
