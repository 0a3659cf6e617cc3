//! Spend records and their daily aggregates.

use futures_util::future::join_all;
use stargate_core::id::RequestId;
use stargate_core::ledger::LedgerSettings;
use stargate_core::moment::Moment;
use stargate_core::money::Rate;
use stargate_core::pricing::{Rates, TokenUsage};
use stargate_core::spend::{SpendRecord, Status};
use tests::calls::{MODEL, pico};
use tests::table::{Table, number};

fn record(at_ms: i64, random: u32, cost: i128) -> SpendRecord {
    let rate = |text| Rate::parse(text).unwrap();
    SpendRecord {
        request: RequestId::from_parts(at_ms, random),
        ended: Moment::from_ms(at_ms + 1500),
        user: Some("mario".to_owned().try_into().unwrap()),
        key: "k1".to_owned().try_into().unwrap(),
        team: None,
        org: None,
        model: MODEL.to_owned(),
        usage: TokenUsage { input: 1, output: 2, cache_read: 3, cache_write_5m: 4, cache_write_1h: 5 },
        rates: Some(Rates::complete(rate("1"), rate("5"), None, None, None)),
        cost: pico(cost),
        status: Status::Success,
        first_byte: None,
        fallback_from: None,
        region: None,
        session: Some("session".to_owned()),
        agent: None,
        tags: vec!["ci".to_owned()],
    }
}

const NOON: i64 = 1_795_089_600_000; // 2026-11-19T12:00:00Z

/// The sums over every suffix of a day's aggregates.
async fn aggregate(table: &Table, names: &[&str]) -> Vec<i128> {
    let mut sums = vec![0; names.len()];
    for suffix in 0..8 {
        let sk = format!("2026-11-19#k1#{MODEL}##{suffix}");
        if let Some(item) = table.item("A#U#mario", &sk).await {
            for (sum, name) in sums.iter_mut().zip(names) {
                *sum += number(&item[*name]);
            }
        }
    }
    sums
}

#[tokio::test]
async fn a_record_is_read_back_as_it_was_written() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let full = record(NOON, 1, 1234);
    let bare = SpendRecord {
        user: None,
        rates: None,
        first_byte: None,
        fallback_from: None,
        region: None,
        session: None,
        tags: Vec::new(),
        status: Status::Cancelled,
        usage: TokenUsage::default(),
        ..record(NOON + 1, 2, 0)
    };
    for record in [&full, &bare] {
        assert_eq!(store.put_record(record).await.unwrap(), record.cost);
        assert_eq!(store.find_record(record.request).await.unwrap().as_ref(), Some(record));
    }
    let day = async |day, most| store.records_of_day(day, most, |_| true).await.unwrap();
    assert_eq!(day("2026-11-19", 1).await, std::slice::from_ref(&bare));
    assert_eq!(day("2026-11-19", 9).await, [bare, full], "the newest first");
    assert!(day("2026-11-20", 9).await.is_empty());
    assert!(store.find_record(RequestId::from_parts(NOON, 3)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_repeated_record_is_counted_once_and_the_first_one_stands() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    for cost in [100, 100, 777] {
        assert_eq!(store.put_record(&record(NOON, 1, cost)).await.unwrap(), pico(100));
    }
    let names = ["spend", "requests", "failures", "input", "output", "cache_read", "cache_write_1h"];
    assert_eq!(aggregate(&table, &names).await, [100, 1, 0, 1, 2, 3, 5]);
}

#[tokio::test]
async fn what_really_happened_replaces_what_a_sweep_assumed_also_in_the_aggregate() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let swept = SpendRecord {
        status: Status::Swept,
        usage: TokenUsage::default(),
        rates: None,
        ..record(NOON, 1, 300)
    };
    store.put_record(&swept).await.unwrap();
    assert_eq!(aggregate(&table, &["spend", "requests", "failures"]).await, [300, 1, 1]);
    assert_eq!(store.put_record(&record(NOON, 1, 120)).await.unwrap(), pico(120));
    // And a sweep that comes after it accepts it.
    assert_eq!(store.put_record(&swept).await.unwrap(), pico(120));
    assert_eq!(aggregate(&table, &["spend", "requests", "failures", "output"]).await, [120, 1, 0, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_records_at_once_add_up() {
    let table = Table::fresh().await;
    let store = table.store(LedgerSettings::default());
    let records: Vec<SpendRecord> =
        (0..48).map(|at| record(NOON + i64::from(at), at, i128::from(at))).collect();
    // Each is written twice, side by side.
    let writes = records.iter().chain(&records).map(|record| store.put_record(record));
    for (answer, record) in join_all(writes).await.into_iter().zip(records.iter().chain(&records)) {
        assert_eq!(answer.unwrap(), record.cost);
    }
    let sum = (0..48).sum::<i128>();
    assert_eq!(aggregate(&table, &["spend", "requests", "output"]).await, [sum, 48, 96]);
    assert_eq!(store.records_of_day("2026-11-19", 100, |_| true).await.unwrap().len(), 48);
}
