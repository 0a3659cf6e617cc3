use super::*;

fn read(text: &str) -> Result<KeyPolicy, InvalidRules> {
    read_key_policy(Some(text), &Catalog::load_bundled("global").unwrap(), Moment::from_seconds(0))
}

#[test]
fn rules_that_nothing_could_follow_stop_the_process() {
    for (text, named) in [
        ("[]", "the body must be"),
        (r#"{"max_internal_budget": 10}"#, "max_internal_budget"),
        (r#"{"max_internal_user_budget": -1}"#, "max_budget"),
        (r#"{"internal_user_budget_duration": "1month"}"#, "'1month' is not a duration"),
        (r#"{"default_internal_user_params": {"user_role": "king"}}"#, "user_role"),
        (r#"{"default_internal_user_params": {"teams": ["a"]}}"#, "teams is not served here"),
        (r#"{"default_key_generate_params": {"key": "sk-x"}}"#, "key is not served here"),
        (r#"{"default_key_generate_params": {"duration": "monthly"}}"#, "'monthly' is not a duration"),
        (r#"{"upperbound_key_generate_params": {"models": 1}}"#, "models is not served here"),
        (r#"{"upperbound_key_generate_params": {"tpm_limit": "x"}}"#, "tpm_limit"),
        (
            r#"{"default_key_generate_params": {"max_budget": 2}, "upperbound_key_generate_params": {"max_budget": 1}}"#,
            "max_budget: is over max limit",
        ),
        (r#"{"key_generation_settings": {"personal": {}}}"#, "personal"),
        (
            r#"{"key_generation_settings": {"team_key_generation": {"allowed_team_member_roles": ["boss"]}}}"#,
            "allowed_team_member_roles",
        ),
    ] {
        let told = read(text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(told.starts_with("STARGATE_LITELLM_SETTINGS: ") && told.contains(named), "{text}: {told}");
    }
    // Document 004's whole example.
    let example = r#"{
        "max_internal_user_budget": 10, "internal_user_budget_duration": "1mo",
        "default_internal_user_params": {"user_role": "internal_user", "max_budget": 100, "budget_duration": "30d",
            "models": ["gpt-3.5-turbo"]},
        "upperbound_key_generate_params": {"max_budget": 100, "budget_duration": "10d", "duration": "30d",
            "max_parallel_requests": 1000, "tpm_limit": 1000, "rpm_limit": 1000},
        "key_generation_settings": {"team_key_generation": {"allowed_team_member_roles": ["admin"]},
            "personal_key_generation": {"allowed_user_roles": ["proxy_admin"], "required_params": ["tags"]}}}"#;
    assert!(read(example).is_ok());
}
