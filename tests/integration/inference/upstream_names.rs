//! Settings for a model apply by every name of it, and to custom models over it; unknown names stop the start.

use serde_json::json;
use stargate_core::money::Money;
use tests::gateway::{Stargate, ask};

use super::upstream::{throttled_setting, with};

#[tokio::test]
async fn a_guardrail_and_a_tier_apply_by_every_name_and_to_models_made_over_theirs() {
    let setting = json!({
        "guardrails": {"*": {"id": "gr-any", "version": "1"}, "claude-haiku-4-5-20251001": {"id": "gr-haiku", "version": "2"},
                       "bedrock/us.amazon.nova-lite-v1:0": null},
        "service_tiers": {"anthropic.claude-haiku-4-5-20251001-v1:0": {"tier": "flex", "price_percent": 50}},
    });
    let stargate = with(&setting).await;
    let holder = stargate.free_keyholder().await;
    stargate.make_custom_model(&holder, "house", &json!({"model": "claude-haiku-4-5"}), &json!({})).await;
    stargate.make_custom_model(&holder, "small", &json!({"model": "nova-lite"}), &json!({})).await;
    let script = json!({"input_tokens": 100, "output_tokens": 7});
    for (asked, guardrail, tier) in [
        ("claude-haiku-4-5", Some("gr-haiku"), true),
        ("claude-haiku-4-5-20251001", Some("gr-haiku"), true),
        ("anthropic/claude-haiku-4-5", Some("gr-haiku"), true),
        ("eu.anthropic.claude-haiku-4-5-20251001-v1:0", Some("gr-haiku"), true),
        ("house", Some("gr-haiku"), true),
        ("claude-opus-4-5", Some("gr-any"), false),
        ("nova-lite", None, false),
        ("small", None, false),
        ("nova-pro", Some("gr-any"), false),
    ] {
        let mut body = ask(&script);
        body["model"] = json!(asked);
        assert_eq!(stargate.messages(&holder, &body).await.status(), 200, "{asked}");
        let sent = stargate.fake().requests().pop().unwrap();
        let (in_body, headers) = (sent.json(), &sent.headers);
        let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let in_converse = in_body["guardrailConfig"]["guardrailIdentifier"].as_str().map(str::to_owned);
        let seen = header("x-amzn-bedrock-guardrailidentifier").or(in_converse);
        assert_eq!(seen.as_deref(), guardrail, "{asked}");
        assert_eq!(header("x-amzn-bedrock-service-tier").is_some(), tier, "{asked}");
    }
    let half = |record: &&stargate_core::spend::SpendRecord| {
        record.cost == Money::from_pico(100 * 500_000 + 7 * 2_500_000)
    };
    assert_eq!(stargate.records().await.iter().filter(half).count(), 5, "at half of Haiku's price");
}

/// A chain by another name of its model, and one whose model is a custom one.
#[tokio::test]
async fn a_fallback_applies_by_every_name_of_its_model() {
    let setting =
        json!({"fallbacks": {"claude-opus-4-5-20251101": [{"model": "anthropic/claude-sonnet-4-5"}]}});
    let stargate = with(&setting).await;
    let holder = stargate.free_keyholder().await;
    stargate.make_custom_model(&holder, "best", &json!({"model": "claude-opus-4-5"}), &json!({})).await;
    let script = throttled_setting(&json!({"error": "ServiceUnavailableException", "only_for": "opus"}));
    for asked in ["claude-opus-4-5", "us.anthropic.claude-opus-4-5-20251101-v1:0", "best"] {
        let mut body = ask(&script);
        body["model"] = json!(asked);
        let response = stargate.messages(&holder, &body).await;
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-stargate-model"]),
            (200, &"claude-sonnet-4-5".parse().unwrap()),
            "{asked}"
        );
    }
}

#[tokio::test]
async fn an_unknown_name_stops_the_start_with_one_line() {
    for (setting, says) in [
        (
            json!({"guardrails": {"claude-haiku-45": {"id": "g", "version": "1"}}}),
            "guardrails: claude-haiku-45",
        ),
        (
            json!({"service_tiers": {"nova-light": {"tier": "flex", "price_percent": 50}}}),
            "service_tiers: nova-light",
        ),
        (json!({"fallbacks": {"claude-opus": [{"region": "us-west-2"}]}}), "fallbacks: claude-opus"),
        (
            json!({"fallbacks": {"claude-opus-4-5": [{"model": "claude-sonet-4-5"}]}}),
            "fallbacks: claude-sonet-4-5",
        ),
        (json!({"rules": {"claude-haiku-45": {}}}), "claude-haiku-45"),
        (json!([]), "must be a JSON object"),
    ] {
        let setting = setting.to_string();
        let error =
            Stargate::try_with(&[("STARGATE_UPSTREAM", &setting)]).await.err().expect(&setting).to_string();
        assert!(
            error.contains("STARGATE_UPSTREAM") && error.contains(says) && error.lines().count() == 1,
            "{error}"
        );
    }
}
