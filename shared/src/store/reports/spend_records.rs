//! Spend records and the daily aggregates that reports are summed from, written together and exactly once.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnConsumedCapacity, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem, Update,
};
use futures_util::future::try_join_all;
use stargate_core::id::{OrgId, RequestId, TeamId, UserId};
use stargate_core::moment::Moment;
use stargate_core::money::Money;
use stargate_core::pricing::{Rates, TokenUsage};
use stargate_core::scope::Scope;
use stargate_core::spend::{SpendRecord, Status};

use crate::store::ledger::reserve::Reservation;
use crate::store::ledger::sweep::DISPUTE_PERIOD;
use crate::store::table::error::WriteEffect;
use crate::store::table::item::{self, Item, Read, number, text};
use crate::store::table::schema;
use crate::store::table::update_expression::UpdateExpression;
use crate::store::{Store, StoreError, pause};

/// Tries of a record's transaction. Conflicts with other records of the same day, user, key and model are
/// to be expected; each try picks another suffix of the aggregate.
const MAX_ATTEMPTS: u32 = 8;
/// Suffixes of an aggregate that conflicts spread over.
const SUFFIXES: u32 = 8;

impl Store {
    /// Writes the record of one request, once, and adds it to its aggregate; answers what the request costs.
    ///
    /// - **Judge:** if a record is there already, its cost is the answer, and nothing is written; but a `swept` record
    ///   gives way to what really happened, as long as every scope can still follow.
    /// - **Repeatable:** a second call with the same record answers the same.
    /// - **Cost:** one transaction of two items: two write units per started KB of each.
    pub async fn put_record(&self, record: &SpendRecord) -> Result<Money, StoreError> {
        self.put_record_of(record, &[], record.ended).await
    }

    /// The same for the holder of these leases. Before it replaces what a sweep assumed it says so in every scope: should
    /// it die before it has corrected them, the next sweep does.
    pub(in crate::store) async fn put_record_of(
        &self,
        record: &SpendRecord,
        holds: &[Reservation],
        now: Moment,
    ) -> Result<Money, StoreError> {
        let mut replaces = None;
        for tries in 0..MAX_ATTEMPTS {
            let suffix = if tries == 0 { 0 } else { getrandom::u32()? % SUFFIXES };
            match self.try_record(record, replaces.as_ref(), suffix).await? {
                RecordOutcome::Done => {
                    if record.status == Status::Swept {
                        tracing::warn!(request = %record.request, key = %record.key, model = record.model, cost = %record.cost, "swept");
                    }
                    return Ok(record.cost);
                }
                RecordOutcome::Conflict => pause(tries + 1).await,
                RecordOutcome::Exists(found) if gives_way(&found, record, now) => {
                    let disputes = holds.iter().map(|hold| self.mark_disputed(hold, record.request));
                    // A scope that has forgotten the call could not follow.
                    if !try_join_all(disputes).await?.into_iter().all(|follows| follows) {
                        return Ok(found.cost);
                    }
                    replaces = Some(*found);
                }
                RecordOutcome::Exists(found) => return Ok(found.cost),
            }
        }
        let source = "every try met a conflict";
        Err(StoreError::unavailable("put_record", WriteEffect::No, source))
    }

    /// The record of a request, if there is one; strongly consistent.
    pub async fn find_record(&self, request: RequestId) -> Result<Option<SpendRecord>, StoreError> {
        let key = schema::key(schema::record_pk(request), request.as_str());
        self.get("find_record", key).await?.as_ref().map(read).transpose()
    }

    /// Records of requests that began on a UTC day (`2026-11-21`) and that are `wanted`, the newest first, at most `most`.
    ///
    /// **Cost:** reads each shard of the day from its end until it has given `most`.
    pub async fn records_of_day(
        &self,
        day: &str,
        most: usize,
        wanted: impl Fn(&SpendRecord) -> bool,
    ) -> Result<Vec<SpendRecord>, StoreError> {
        let partitions = (0..schema::SHARDS).map(|shard| schema::day_pk(day, shard));
        let mut records =
            self.query_latest_per_shard("records_of_day", partitions, most, read, &wanted).await?;
        records.sort_by_key(|record| std::cmp::Reverse(record.request));
        records.truncate(most);
        Ok(records)
    }

    async fn try_record(
        &self,
        record: &SpendRecord,
        replaces: Option<&SpendRecord>,
        suffix: u32,
    ) -> Result<RecordOutcome, StoreError> {
        let puts = TransactWriteItem::builder().put(self.put_of(record, replaces)?).build();
        let adds = TransactWriteItem::builder().update(self.addition_of(record, replaces, suffix)?).build();
        let tried = self
            .with_retries("put_record", || {
                self.db
                    .transact_write_items()
                    .transact_items(puts.clone())
                    .transact_items(adds.clone())
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            })
            .await?;
        match tried.answer {
            Ok(done) => {
                done.consumed_capacity().iter().for_each(|used| self.tally.count_written(Some(used)));
                Ok(RecordOutcome::Done)
            }
            Err(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                read_cancellation(cancelled.cancellation_reasons())
            }
            Err(other) => Err(StoreError::unavailable("put_record", WriteEffect::Unknown, other)),
        }
    }

    fn put_of(&self, record: &SpendRecord, replaces: Option<&SpendRecord>) -> Result<Put, StoreError> {
        let put = Put::builder().table_name(&*self.table).set_item(Some(self.item_of(record)));
        let put = match replaces {
            None => {
                put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", "pk")
            }
            Some(swept) => put
                .condition_expression("#status = :swept AND #spend = :was")
                .expression_attribute_names("#status", "status")
                .expression_attribute_names("#spend", "spend")
                .expression_attribute_values(":swept", text(Status::Swept.word()))
                .expression_attribute_values(":was", item::money(swept.cost)),
        };
        put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(unbuildable)
    }

    fn addition_of(
        &self,
        record: &SpendRecord,
        replaces: Option<&SpendRecord>,
        suffix: u32,
    ) -> Result<Update, StoreError> {
        let owner = match &record.user {
            Some(user) => Scope::User(user.clone()),
            None => Scope::Key(record.key.clone()),
        };
        let pk = format!("A#{}", schema::scope_pk(&owner));
        let day = record.started_at().date();
        let team = record.team.as_ref().map(|id| id.as_str());
        let sk = format!("{day}#{}#{}#{}#{suffix}", record.key, record.model, team.unwrap_or_default());
        let change = addition(record, replaces)
            .put("key", Some(text(record.key.as_str())))
            .put("model", Some(text(&record.model)))
            .put("list_pk", Some(text(format!("day#{day}"))))
            // An index may have it twice; and its keys are shorter than the table's.
            .put("list_sk", Some(text(&sk)));
        // Absent in one is absent in all of the same name: nothing is removed.
        let user = record.user.as_ref().map(|id| id.as_str());
        let change =
            [("user", user), ("team", team)].into_iter().fold(change, |change, (name, id)| match id {
                Some(id) => change.put(name, Some(text(id))),
                None => change,
            });
        Update::builder()
            .table_name(&*self.table)
            .set_key(Some(schema::key(pk, sk)))
            .update_expression(change.update_expression())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values())
            .build()
            .map_err(unbuildable)
    }

    fn item_of(&self, record: &SpendRecord) -> Item {
        let mut item = schema::key(schema::record_pk(record.request), record.request.as_str());
        // Destructured, so that a new field cannot be forgotten here.
        let SpendRecord {
            request: _,
            ended,
            first_byte,
            user,
            key,
            team,
            org,
            model,
            usage,
            rates,
            cost,
            status,
            fallback_from,
            region,
            session,
            agent,
            tags,
        } = record;
        let optional = [
            ("first_byte", first_byte.map(|at| number(at.ms()))),
            ("user", user.as_ref().map(|id| text(id.as_str()))),
            ("team", team.as_ref().map(|id| text(id.as_str()))),
            ("org", org.as_ref().map(|id| text(id.as_str()))),
            ("rates", rates.as_ref().map(|rates| text(rates.pack()))),
            ("fallback_from", fallback_from.as_ref().map(text)),
            ("region", region.as_ref().map(text)),
            ("session", session.as_ref().map(text)),
            ("agent", agent.as_ref().map(text)),
            ("tags", (!tags.is_empty()).then(|| AttributeValue::L(tags.iter().map(text).collect()))),
            ("gone_at", self.terms.retention.map(|kept| number((*ended + kept).seconds()))),
        ];
        let fixed = [
            ("ended", number(ended.ms())),
            ("key", text(key.as_str())),
            ("model", text(model)),
            ("spend", item::money(*cost)),
            ("status", text(status.word())),
        ];
        let tokens = classes(usage).map(|(name, tokens)| (name, number(tokens)));
        let present = optional.into_iter().filter_map(|(name, value)| Some((name, value?)));
        item.extend(present.chain(fixed).chain(tokens).map(|(name, value)| (name.to_owned(), value)));
        item
    }
}

enum RecordOutcome {
    Done,
    Conflict,
    Exists(Box<SpendRecord>),
}

/// Whether what a sweep assumed is replaced by what its holder says: not once a scope may have forgotten the lease, for
/// it could not be corrected any more.
fn gives_way(found: &SpendRecord, record: &SpendRecord, now: Moment) -> bool {
    let is_assumed = found.status == Status::Swept && record.status != Status::Swept;
    is_assumed && now <= found.ended + DISPUTE_PERIOD
}

/// Reads from the reasons of a canceled transaction whether the record was there or another was in the way.
fn read_cancellation(reasons: &[CancellationReason]) -> Result<RecordOutcome, StoreError> {
    let put = reasons.first();
    if let Some(item) = put.and_then(|reason| reason.item.as_ref()).filter(|item| !item.is_empty()) {
        return Ok(RecordOutcome::Exists(Box::new(read(item)?)));
    }
    // A condition that failed with no item to show: a swept record that was replaced by another meanwhile, or a
    // conflict. Both are settled by trying again.
    Ok(RecordOutcome::Conflict)
}

fn unbuildable(source: aws_sdk_dynamodb::error::BuildError) -> StoreError {
    StoreError::unavailable("put_record", WriteEffect::No, source)
}

/// What a record adds to its aggregate: what it says, less what the record that it replaces had said.
fn addition(record: &SpendRecord, replaces: Option<&SpendRecord>) -> UpdateExpression {
    let zero = TokenUsage::default();
    let before = replaces.map_or(&zero, |swept| &swept.usage);
    let failed = |record: &SpendRecord| i64::from(record.status != Status::Success);
    let mut change = UpdateExpression::default()
        .add("#spend :spend")
        .value("spend", item::money(record.cost - replaces.map_or(Money::ZERO, |swept| swept.cost)))
        .add("#requests :requests")
        .value("requests", number(i64::from(replaces.is_none())))
        .add("#failures :failures")
        .value("failures", number(failed(record) - replaces.map_or(0, failed)));
    for ((name, now), (_, was)) in classes(&record.usage).into_iter().zip(classes(before)) {
        let more = i128::from(now) - i128::from(was);
        change = change.add(format!("#{name} :{name}")).value(name, number(more));
    }
    change
}

fn classes(usage: &TokenUsage) -> [(&'static str, u64); 5] {
    let TokenUsage { input, output, cache_read, cache_write_5m, cache_write_1h } = *usage;
    [
        ("input", input),
        ("output", output),
        ("cache_read", cache_read),
        ("cache_write_5m", cache_write_5m),
        ("cache_write_1h", cache_write_1h),
    ]
}

pub(in crate::store) fn read_usage(item: &Item) -> Result<TokenUsage, StoreError> {
    Ok(TokenUsage {
        input: item.number("input")?,
        output: item.number("output")?,
        cache_read: item.number("cache_read")?,
        cache_write_5m: item.number("cache_write_5m")?,
        cache_write_1h: item.number("cache_write_1h")?,
    })
}

fn read(item: &Item) -> Result<SpendRecord, StoreError> {
    let request =
        item.opt_parsed("sk", |id| RequestId::parse(&id))?.ok_or_else(|| StoreError::corrupt("sk"))?;
    let status = item
        .opt_parsed("status", |word| Status::parse(&word))?
        .ok_or_else(|| StoreError::corrupt("status"))?;
    Ok(SpendRecord {
        request,
        ended: Moment::from_ms(item.number("ended")?),
        first_byte: item.opt_number("first_byte")?.map(Moment::from_ms),
        user: item.opt_parsed("user", |id| UserId::parse(id).ok())?,
        key: item.key_id("key")?,
        team: item.opt_parsed("team", |id| TeamId::parse(id).ok())?,
        org: item.opt_parsed("org", |id| OrgId::parse(id).ok())?,
        model: item.text("model")?,
        usage: read_usage(item)?,
        rates: item.opt_parsed("rates", |packed| Rates::unpack(&packed))?,
        cost: item.money("spend")?,
        status,
        fallback_from: item.opt_text("fallback_from")?,
        region: item.opt_text("region")?,
        session: item.opt_text("session")?,
        agent: item.opt_text("agent")?,
        tags: item.texts("tags")?,
    })
}
