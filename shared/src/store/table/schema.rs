//! The one table: its keys, its indexes, and which item is where.
//!
//! | item | pk | sk |
//! |---|---|---|
//! | a scope: limits, counters, leases | `K#key` `U#user` `T#team` `M#team␟user` `O#org` `Y#model␟scope` | `scope` |
//! | what is known of a key, user or team besides | the same | `about` |
//! | the keys of a user or team | `U#user` `T#team` | `key#key` |
//! | the teams of a user; the members of a team | `U#user`; `T#team` | `team#team`; `member#user` |
//! | what a finished budget period cost | the scope's | `period#end` |
//! | secret to key | `S#sha256` | `pointer` |
//! | e-mail to user, alias to key: held by one | `E#email` `N#alias` | `pointer` |
//! | a user's sessions (keys that no list shows), invitations, password | `U#user` | `session#key` `invite#hash` `login` |
//! | an invitation, by the hash of its id; tries of a name to log in | `V#hash`; `P#hash` | `invitation`; window |
//! | a pending invitation to a team; the team's note of it; both by its id | `U#user`; `T#team`; `V#id` | `team-invite#team`; `team-invite#user`; `team-invitation` |
//! | the deployment's own models | `C#models` | `models` |
//! | how many users and keys there are | `C#count#list` | `n0` to `n7` |
//! | a user, by how a part of its id or address begins | `Q#user#ab` | `part␟user` |
//! | what was imported from another gateway | `I#litellm` | `kind#id` |
//! | what was changed, by whom | `L#day#shard` | its id |
//! | a spend record | `R#day#shard` | request id |
//! | refusals of a key for a reason in a minute | `F#day#shard` | `minute#key#reason` |
//! | a daily aggregate | `A#owner` | `day#key#model#team#suffix` |
//!
//! | index | partition, sort | finds |
//! |---|---|---|
//! | `list` | `list_pk`, `list_sk` | users, keys and a day's aggregates, oldest first |
//! | `due` | `due_shard`, `budget_reset_at` | budget periods that are over |
//! | `sweep` | `sweep_shard`, `sweep_due` | scopes with leases to end |
//!
//! Every index projects keys only, and no index key changes with a request except `sweep_due`, once per idle spell.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use stargate_core::id::{KeyId, OrgId, RequestId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::scope::Scope;

use super::error::{StoreError, WriteEffect};
use super::item::{Item, text};

pub(in crate::store) const SCOPE: &str = "scope";
pub(in crate::store) const ABOUT: &str = "about";
pub(in crate::store) const POINTER: &str = "pointer";
/// The sort key prefix of the keys of a user or team.
pub(in crate::store) const OWNED_KEY: &str = "key#";
/// The sort key prefixes of a user's teams and of a team's members.
pub(in crate::store) const TEAM_LINK: &str = "team#";
pub(in crate::store) const SEAT: &str = "member#";
/// The sort key prefixes of a user's sessions and invitations.
pub(in crate::store) const SESSION: &str = "session#";
pub(in crate::store) const INVITATION_LINK: &str = "invite#";
pub(in crate::store) const INVITATION: &str = "invitation";
/// The sort key prefix of a user's invitations to teams, and of a team's invited users.
pub(in crate::store) const TEAM_INVITE: &str = "team-invite#";
pub(in crate::store) const TEAM_INVITATION: &str = "team-invitation";
pub(in crate::store) const MODELS: &str = "models";
pub(in crate::store) const LOGIN: &str = "login";

/// Partitions of the due and sweep indexes: enough that a job's queries spread, few enough to ask them all.
pub(in crate::store) const SHARDS: u64 = 8;

/// Separates a team from its member. Ids hold no control characters, so it is unambiguous.
const SEPARATOR: char = '\u{1f}';

pub(in crate::store) fn scope_pk(scope: &Scope) -> String {
    match scope {
        Scope::Key(id) => format!("K#{id}"),
        Scope::User(id) => format!("U#{id}"),
        Scope::Team(id) => format!("T#{id}"),
        Scope::Member(team, user) => format!("M#{team}{SEPARATOR}{user}"),
        Scope::Org(id) => format!("O#{id}"),
        Scope::Model(whole, model) => format!("Y#{model}{SEPARATOR}{}", scope_pk(whole)),
    }
}

/// The scope that lives under a partition key.
pub(in crate::store) fn scope_of(pk: &str) -> Option<Scope> {
    let (kind, id) = pk.split_once('#')?;
    match kind {
        "K" => KeyId::parse(id).ok().map(Scope::Key),
        "U" => UserId::parse(id).ok().map(Scope::User),
        "T" => TeamId::parse(id).ok().map(Scope::Team),
        "M" => {
            let (team, user) = id.split_once(SEPARATOR)?;
            Some(Scope::Member(TeamId::parse(team).ok()?, UserId::parse(user).ok()?))
        }
        "O" => OrgId::parse(id).ok().map(Scope::Org),
        "Y" => {
            let (model, whole) = id.split_once(SEPARATOR)?;
            Some(Scope::Model(Box::new(scope_of(whole)?), model.to_owned()))
        }
        _ => None,
    }
}

/// A partition of the due and sweep indexes for a scope.
pub(in crate::store) fn shard(pk: &str) -> String {
    shard_name(shard_number(pk, SHARDS))
}

/// One of so many places for a name, always the same.
pub(in crate::store) fn shard_number(name: &str, places: u64) -> u64 {
    // FNV-1a: stable across builds, which the standard hasher is not.
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash % places
}

pub(in crate::store) fn shard_name(number: u64) -> String {
    format!("{number}")
}

/// Where a request's spend record is: the day it began and a shard, both told by its id.
pub(in crate::store) fn record_pk(request: RequestId) -> String {
    day_pk(&Moment::from_ms(request.started_ms()).date(), request.shard_hash() % SHARDS)
}

pub(in crate::store) fn day_pk(day: &str, shard: u64) -> String {
    format!("R#{day}#{shard}")
}

/// Where an entity stands in the list index: by its creation, then its id.
pub(in crate::store) fn list_sk(created: Moment, id: &str) -> String {
    format!("{:013}#{id}", created.ms())
}

/// The two attributes that name an item.
pub(in crate::store) fn key(pk: impl Into<String>, sk: impl Into<String>) -> Item {
    Item::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// Creates the table as the template does; an existing one is left as it is.
pub async fn create_table(db: &Client, table: &str) -> Result<(), StoreError> {
    let created = db
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes().map_err(creation_failed)?))
        .set_key_schema(Some(keys("pk", "sk").map_err(creation_failed)?))
        .set_global_secondary_indexes(Some(indexes().map_err(creation_failed)?))
        .send()
        .await;
    match created.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Ok(_) | Err(CreateTableError::ResourceInUseException(_)) => Ok(()),
        Err(error) => Err(creation_failed(error)),
    }
}

fn creation_failed(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::unavailable("CreateTable", WriteEffect::Unknown, source)
}

type BuildError = aws_sdk_dynamodb::error::BuildError;

fn attributes() -> Result<Vec<AttributeDefinition>, BuildError> {
    use ScalarAttributeType::{N, S};
    let all = [
        ("pk", S),
        ("sk", S),
        ("list_pk", S),
        ("list_sk", S),
        ("due_shard", S),
        ("budget_reset_at", N),
        ("sweep_shard", S),
        ("sweep_due", N),
    ];
    all.into_iter()
        .map(|(name, kind)| AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build())
        .collect()
}

fn keys(partition: &str, sort: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    [(partition, KeyType::Hash), (sort, KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| KeySchemaElement::builder().attribute_name(name).key_type(kind).build())
        .collect()
}

fn indexes() -> Result<Vec<GlobalSecondaryIndex>, BuildError> {
    [
        ("list", "list_pk", "list_sk"),
        ("due", "due_shard", "budget_reset_at"),
        ("sweep", "sweep_shard", "sweep_due"),
    ]
    .into_iter()
    .map(|(name, partition, sort)| {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(keys(partition, sort)?))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_found_again_by_its_partition_key() {
        let (team, user) = (TeamId::parse("a#b").unwrap(), UserId::parse("x@y#z").unwrap());
        for scope in [
            Scope::Key(KeyId::parse("k1").unwrap()),
            Scope::User(user.clone()),
            Scope::Team(team.clone()),
            Scope::Member(team.clone(), user.clone()),
            Scope::Org(OrgId::parse("o#p").unwrap()),
            Scope::Model(Box::new(Scope::Member(team, user)), "claude-haiku-4-5".into()),
        ] {
            assert_eq!(scope_of(&scope_pk(&scope)), Some(scope));
        }
        assert_eq!(scope_of("S#abc"), None);
    }
}
