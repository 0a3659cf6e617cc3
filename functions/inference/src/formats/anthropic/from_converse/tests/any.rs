//! Streams in an order that Bedrock never sent.

use proptest::prelude::*;
use proptest::strategy::LazyJust;

use super::*;

fn any_event() -> impl Strategy<Value = HeardEvent<'static>> {
    let piece = || prop::sample::select(vec!["", "a", "\n\n", "\"}"]).prop_map(Cow::Borrowed);
    let delta = prop_oneof![
        3 => piece().prop_map(HeardDelta::Text),
        1 => piece().prop_map(HeardDelta::ToolInput),
        1 => piece().prop_map(HeardDelta::Reasoning),
        1 => piece().prop_map(HeardDelta::Signature),
        1 => piece().prop_map(HeardDelta::Redacted),
    ];
    prop_oneof![
        1 => LazyJust::new(|| HeardEvent::MessageStart),
        6 => (0..3_u64, delta).prop_map(|(index, delta)| HeardEvent::Delta { index, delta }),
        2 => (0..3_u64, piece(), piece())
            .prop_map(|(index, id, name)| HeardEvent::ToolStart { index, id, name }),
        3 => (0..3_u64).prop_map(|index| HeardEvent::BlockStop { index }),
        1 => LazyJust::new(|| HeardEvent::MessageStop { reason: "end_turn".into() }),
        1 => LazyJust::new(|| HeardEvent::Metadata(None)),
        1 => LazyJust::new(|| HeardEvent::Other),
    ]
}

proptest! {
    #[test]
    fn every_stream_is_well_formed(heard in prop::collection::vec(any_event(), 0..30)) {
        let mut teller = new_writer();
        let mut out = Vec::new();
        for event in heard {
            out.extend_from_slice(&teller.write_event(&BedrockEvent::Converse(event), &Bytes::new()));
        }
        out.extend_from_slice(&teller.end());
        let told = events(&String::from_utf8(out).unwrap());

        let kinds: Vec<&str> = told.iter().map(|event| event["type"].as_str().unwrap()).collect();
        prop_assert_eq!(kinds.first(), Some(&"message_start"));
        prop_assert_eq!(&kinds[kinds.len() - 2..], &["message_delta", "message_stop"]);
        let (mut begun, mut open) = (0, None);
        for event in &told[1..told.len() - 2] {
            let index = event["index"].as_u64().unwrap();
            match event["type"].as_str().unwrap() {
                "content_block_start" => {
                    prop_assert_eq!((index, open), (begun, None));
                    (begun, open) = (begun + 1, event["content_block"]["type"].as_str());
                }
                "content_block_delta" => {
                    prop_assert_eq!(index + 1, begun);
                    let wants = match event["delta"]["type"].as_str().unwrap() {
                        "text_delta" => "text",
                        "input_json_delta" => "tool_use",
                        _ => "thinking",
                    };
                    prop_assert_eq!(open, Some(wants));
                }
                "content_block_stop" => {
                    prop_assert_eq!(index + 1, begun);
                    prop_assert!(open.take().is_some());
                }
                other => prop_assert!(false, "{} in between", other),
            }
        }
        prop_assert_eq!(open, None);
    }
}
