use super::refusals::check;
use super::*;

#[test]
fn messages() {
    let roles = "must be system, developer, user, assistant or tool";
    let function = "function is not available on Amazon Bedrock: use tool";
    for (message, path, rule) in [
        (json!({"content": "x"}), "role", "Field required"),
        (json!({"role": "function", "content": "x"}), "role", function),
        (json!({"role": "me"}), "role", roles),
        (json!({"role": "user"}), "content", "Field required"),
        (json!({"role": "user", "content": 5}), "content", "must be a string or an array of parts"),
        (json!({"role": "user", "content": "x", "cache_control": 1}), "cache_control", "must be an object"),
        (
            json!({"role": "user", "content": "x", "cache_control": {"type": "forever"}}),
            "cache_control.type",
            "must be ephemeral",
        ),
        (json!({"role": "tool", "content": "x"}), "tool_call_id", "Field required"),
    ] {
        check(
            "claude-haiku-4-5",
            &request_with(&json!({"messages": [message]})),
            &format!("messages.0.{path}"),
            rule,
        );
    }
    let blank = json!([{"role": "user", "content": " "}, {"role": "system", "content": "x"}]);
    let rule = "must hold more than system messages and blank texts";
    check("claude-haiku-4-5", &request_with(&json!({"messages": blank})), "messages", rule);
}

#[test]
fn parts() {
    let audio = "input_audio is not available on Amazon Bedrock";
    for (role, part, path, rule) in [
        ("user", json!("x"), "", "must be an object"),
        ("user", json!({"text": "x"}), ".type", "Field required"),
        ("user", json!({"type": "text", "text": 5}), ".text", "must be a string"),
        (
            "user",
            json!({"type": "text", "text": "x", "cache_control": 1}),
            ".cache_control",
            "must be an object",
        ),
        ("user", json!({"type": "input_audio", "input_audio": {}}), ".type", audio),
        ("user", json!({"type": "video_url"}), ".type", "must be text or image_url or file here"),
        ("system", json!({"type": "image_url"}), ".type", "must be text here"),
        ("assistant", json!({"type": "image_url"}), ".type", "must be text or refusal here"),
        ("tool", json!({"type": "file"}), ".type", "must be text or image_url here"),
    ] {
        let messages = json!([{"role": role, "tool_call_id": "t", "content": [part]}]);
        let path = format!("messages.0.content.0{path}");
        check("claude-haiku-4-5", &request_with(&json!({"messages": messages})), &path, rule);
    }
}

#[test]
fn history() {
    let object = "must be the JSON text of an object";
    let call = |call: Value| json!({"tool_calls": [call]});
    let arguments = |text: Value| call(json!({"id": "t", "function": {"name": "f", "arguments": text}}));
    let thought = |block: Value| json!({"thinking_blocks": [block]});
    for (fields, path, rule) in [
        (json!({"function_call": {}}), "function_call", "is not available on Amazon Bedrock: use tool_calls"),
        (
            call(json!({"type": "custom"})),
            "tool_calls.0.type",
            "only function is available on Amazon Bedrock",
        ),
        (call(json!({"function": {}})), "tool_calls.0.id", "Field required"),
        (call(json!({"id": " ", "function": {}})), "tool_calls.0.id", "must not be blank"),
        (call(json!({"id": "t"})), "tool_calls.0.function", "Field required"),
        (call(json!({"id": "t", "function": {}})), "tool_calls.0.function.name", "Field required"),
        (arguments(json!({})), "tool_calls.0.function.arguments", "must be a string"),
        (arguments(json!("[1]")), "tool_calls.0.function.arguments", object),
        (arguments(json!("{\"a\":")), "tool_calls.0.function.arguments", object),
        (arguments(json!("{} {}")), "tool_calls.0.function.arguments", object),
        (thought(json!({"type": "x"})), "thinking_blocks.0.type", "must be thinking or redacted_thinking"),
        (thought(json!({"type": "thinking"})), "thinking_blocks.0.thinking", "Field required"),
        (thought(json!({"type": "redacted_thinking"})), "thinking_blocks.0.data", "Field required"),
    ] {
        let mut message = json!({"role": "assistant", "content": "x"});
        message.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let path = format!("messages.1.{path}");
        let messages = json!([{"role": "user", "content": "a"}, message]);
        check("claude-haiku-4-5", &request_with(&json!({"messages": messages})), &path, rule);
    }
}

#[test]
fn media() {
    let no_fetching = "only data: URLs are taken; the gateway fetches nothing";
    let image = "must be data:image/png, jpeg, gif or webp in base64";
    let document =
        "must be a data: URL of a document in base64: pdf, csv, doc, docx, xls, xlsx, html, txt or md";
    let url = |url: &str| json!({"type": "image_url", "image_url": {"url": url}});
    let file = |file: Value| json!({"type": "file", "file": file});
    for (part, path, rule) in [
        (url("https://a.example/b.png"), "image_url", no_fetching),
        (url("http://169.254.169.254/"), "image_url", no_fetching),
        (json!({"type": "image_url", "image_url": "file:///etc/passwd"}), "image_url", no_fetching),
        (url("data:image/svg+xml;base64,PHN2Zz4="), "image_url", image),
        (url("data:image/png,abc"), "image_url", image),
        (url("data:image/png;base64,"), "image_url", image),
        (url("data:"), "image_url", image),
        (json!({"type": "image_url", "image_url": {}}), "image_url.url", "Field required"),
        (json!({"type": "image_url"}), "image_url", "Field required"),
        (file(json!({"file_id": "f"})), "file.file_id", "no files are kept here: send file_data"),
        (file(json!({})), "file.file_data", "Field required"),
        (file(json!({"file_data": "JVBERi0="})), "file.file_data", document),
        (file(json!({"file_data": "data:application/zip;base64,UEs="})), "file.file_data", document),
    ] {
        let messages = json!([{"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "t"}, part]}]);
        let path = format!("messages.1.content.1.{path}");
        check("claude-haiku-4-5", &request_with(&json!({"messages": messages})), &path, rule);
    }
}
