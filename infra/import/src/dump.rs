//! All tables of an export, as the things that they are.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use stargate_core::entity::{Key, Member, Org, Team, User};
use stargate_core::moment::Moment;

use super::entities;
use super::entry::ImportEntry;
use super::folder::{BUDGETS, Folder, KEYS, MEMBERSHIPS, ORGANIZATIONS, TEAMS, USERS};
use super::members::{self, Addresses, Place, Seats};
use super::reader::Reader;
use super::report::Report;
use super::skipped::SkippedRows;

#[derive(Default)]
pub struct Dump {
    pub orgs: Vec<ImportEntry<Org>>,
    pub teams: Vec<ImportEntry<Team>>,
    pub users: Vec<ImportEntry<User>>,
    pub members: Vec<ImportEntry<Member>>,
    pub keys: Vec<ImportEntry<Key>>,
    /// Of members whom no team names, but who have a key there.
    pub seats: Seats,
    pub skipped: SkippedRows,
    /// The hashes of all keys of the export, imported or not.
    pub tokens: BTreeSet<String>,
}

impl Dump {
    /// Reads the tables of a folder. Rows that cannot be imported are in the report.
    pub fn read(path: &Path, is_partial: bool, now: Moment, report: &mut Report) -> io::Result<Self> {
        let folder = Folder::open(path)?;
        let missing = folder.missing();
        if !is_partial && !missing.is_empty() {
            // What their rows limit would be without limits.
            let text = format!(
                "--from {}: there is no file of {}: export each as .csv, .json or .jsonl, or give --partial, which takes them for empty",
                path.display(),
                missing.join(", ")
            );
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        for name in folder.unread() {
            report.remark(format!("{name}: it is not one of the tables that are imported, and is not read"));
        }
        let mut reader = Reader::new(&folder, is_partial, now, report)?;
        reader.read_budgets(BUDGETS)?;
        let orgs = reader.table(ORGANIZATIONS, "organisations", entities::read_org)?;
        let users = reader.table(USERS, "users", entities::read_user)?;
        let mut seats = Seats::new(reader.table(MEMBERSHIPS, "memberships", members::read_seat)?);
        let addresses = find_addresses(&users);
        let mut places = Vec::new();
        let teams = reader.table(TEAMS, "teams", |reader, row| {
            let team = entities::read_team(reader, row)?;
            seats.add_team(team.thing.id.clone(), members::read_defaults(reader, row)?);
            places.extend(members::read_places(reader, row, &team.thing.id, &addresses)?);
            Ok(team)
        })?;
        let keys = reader.table(KEYS, "keys", entities::read_key)?.into_iter().flatten().collect();
        let member = |Place { team, user, role }: Place| {
            let seat = seats.member_limits(&(team.clone(), user.clone()));
            let thing = Member { team, user, role, limits: seat.limits, joined: now };
            ImportEntry { thing, spend: seat.spend, model_limits: seat.model_limits, refusal: seat.refusal }
        };
        let members = places.into_iter().map(member).collect();
        let Reader { skipped, tokens, .. } = reader;
        Ok(Self { orgs, teams, users, members, keys, seats, skipped, tokens })
    }
}

fn find_addresses(users: &[ImportEntry<User>]) -> Addresses {
    let mut addresses = Addresses::new();
    for user in users {
        if let Some(email) = &user.thing.email {
            let of = addresses.entry(email.to_lowercase());
            of.and_modify(|user| *user = None).or_insert_with(|| Some(user.thing.id.clone()));
        }
    }
    addresses
}
