//! What is refused in `models.json`.

use super::{Catalog, InvalidCatalog};

/// A catalog of two models, the second with `prices`, `names` and further fields as given.
fn catalog(names: &str, prices: &str, more: &str) -> String {
    let model = |id: &str, names: &str, prices: &str, more: &str| {
        format!(
            r#"{{"id": "{id}", "names": {names}, "max_input_tokens": 10, "max_output_tokens": 10, "capabilities": [],
                 "prices": {{"us": {prices}}} {more}}}"#
        )
    };
    let first = model("a.first", r#"["first"]"#, r#"{"input": "1", "output": "2"}"#, "");
    format!(
        r#"{{"about": "", "rules": {{}}, "models": [{first}, {}]}}"#,
        model("a.second", names, prices, more)
    )
}

#[test]
fn an_error_names_the_model_and_the_field() {
    let good = r#"{"input": "1", "output": "2"}"#;
    assert_eq!(Catalog::parse(&catalog(r#"["second"]"#, good, ""), "us").unwrap().models().count(), 2);
    for (names, prices, more, problem) in [
        (
            r#"["x"]"#,
            r#"{"input": "1"}"#,
            "",
            "prices.us.output: is missing, and a model without a price is not offered",
        ),
        (
            r#"["x"]"#,
            r#"{"input": "1", "output": "-2"}"#,
            "",
            "prices.us.output: '-2': a price is a decimal number",
        ),
        (
            r#"["x"]"#,
            r#"{"input": "1", "output": "2", "above": {"threshold": 5, "output": "2"}}"#,
            "",
            "prices.us.above.input: is missing",
        ),
        (r#"["x"]"#, r#"{"input": "1", "output": "2", "cached": "0"}"#, "", "unknown field `cached`"),
        (r#"["x"]"#, r#"{"input": 1, "output": "2"}"#, "", "invalid type: integer `1`, expected a string"),
        (r#"["first"]"#, good, "", "names: first is another model's too"),
        ("[]", good, "", "names: is empty"),
        (r#"["x"]"#, good, r#", "rules": "none""#, "rules: there is no set named none"),
        (r#"["x"]"#, good, r#", "limit": 1"#, "unknown field `limit`"),
    ] {
        let error = Catalog::parse(&catalog(names, prices, more), "us").unwrap_err().to_string();
        assert!(error.starts_with(&format!("the model catalogue, a.second: {problem}")), "{error}");
    }
    let error =
        Catalog::parse(r#"{"about": "", "rules": {"old": {}}, "models": []}"#, "").unwrap_err().to_string();
    assert!(error.starts_with("the model catalogue, rules old: missing field"), "{error}");
    assert!(matches!(Catalog::parse("{", ""), Err(InvalidCatalog::Layout(_))));
}
