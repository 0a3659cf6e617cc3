//! Messages, their order and their blocks.

use super::*;

fn refuses_block(block: Value, why: &str) {
    refuses(json!({"messages": [{"role": "user", "content": [block]}]}), why);
}

#[test]
fn refuses_conversations_out_of_order() {
    let text = json!([{"text": "a"}]);
    let (u, a) = (user(text.clone()), assistant(text.clone()));
    for (messages, why) in [
        (json!([]), "A conversation must start with a user message."),
        (json!([a]), "A conversation must start with a user message."),
        (json!([u, u]), "A conversation must alternate between user and assistant roles."),
        (json!([u, a, a]), "A conversation must alternate between user and assistant roles."),
        (json!([{"role": "system", "content": text}]), "enum value set: [user, assistant]"),
        (json!([{"content": text}]), "Value null at 'messages.0.role'"),
        (json!([{"role": "user"}]), "Value null at 'messages.0.content'"),
        (json!([user(json!([]))]), "The content field in the Message object at messages.0 is empty."),
        (json!([user(json!("a"))]), "#/messages/0/content: expected type: JSONArray, found: String"),
    ] {
        refuses(json!({"messages": messages}), why);
    }
}

#[test]
fn refuses_bad_blocks() {
    let blank = "The text field in the ContentBlock object at messages.0.content.0 is blank. Add text to the text \
                 field, and try again.";
    let image = |format: &str, source: Value| json!({"image": {"format": format, "source": source}});
    let document =
        |name: &str| json!({"document": {"format": "pdf", "name": name, "source": {"bytes": "AAAA"}}});
    for (block, why) in [
        (json!({"text": ""}), blank),
        (json!({"text": " \n"}), blank),
        (json!({"text": 1}), "expected type: String, found: Number"),
        (json!({}), "expected exactly one of the members text, image"),
        (json!({"text": "a", "cachePoint": {"type": "default"}}), "expected exactly one of the members"),
        (json!({"type": "text", "text": "a"}), "extraneous key [type]"),
        (image("bmp", json!({"bytes": "AAAA"})), "enum value set: [png, jpeg, gif, webp]"),
        (image("png", json!({"bytes": "a!"})), "no base64"),
        (image("png", json!({"bytes": ""})), "length greater than or equal to 1"),
        (image("png", json!({"url": "a"})), "extraneous key [url]"),
        (image("png", json!({"s3Location": {"uri": "https://a"}})), "pattern: s3://"),
        (json!({"video": {"format": "avi", "source": {"bytes": "AAAA"}}}), "[mkv, mov"),
        (json!({"audio": {"format": "avi", "source": {"bytes": "AAAA"}}}), "[mp3, opus"),
        (document("a.pdf"), "The document file name can only contain alphanumeric"),
        (document("a  b"), "more than one consecutive whitespace"),
        (document(""), "length greater than or equal to 1"),
        (
            json!({"document": {"format": "pdf", "name": "a"}}),
            "Value null at 'messages.0.content.0.document.source'",
        ),
        (json!({"document": {"format": "exe", "name": "a", "source": {"text": "a"}}}), "[pdf, csv"),
        (json!({"document": {"name": "a", "source": {"text": ""}}}), "length greater than or equal to 1"),
        (json!({"cachePoint": {}}), "Value null at 'messages.0.content.0.cachePoint.type'"),
        (json!({"cachePoint": {"type": "default", "ttl": "2h"}}), "enum value set: [5m, 1h]"),
        (json!({"guardContent": {"text": {"text": "a", "qualifiers": ["b"]}}}), "[grounding_source, query"),
        (json!({"guardContent": {"image": {"format": "gif", "source": {"bytes": "AAAA"}}}}), "[png, jpeg]"),
        (json!({"searchResult": {"source": "a", "title": "b"}}), "searchResult.content'"),
        (
            call("a"),
            "The toolUse block at messages.0.content.0 is not supported in messages of the role user",
        ),
    ] {
        refuses_block(block, why);
    }
}

#[test]
fn refuses_bad_blocks_of_the_assistant() {
    for (block, why) in [
        (json!({"toolUse": {"toolUseId": "a b", "name": "now", "input": {}}}), "pattern: [a-zA-Z0-9_-]+"),
        (
            json!({"toolUse": {"toolUseId": "a".repeat(65), "name": "now", "input": {}}}),
            "less than or equal to 64",
        ),
        (json!({"toolUse": {"toolUseId": "a", "name": "", "input": {}}}), "greater than or equal to 1"),
        (
            json!({"toolUse": {"toolUseId": "a", "name": "now", "input": "{}"}}),
            "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json object",
        ),
        (json!({"reasoningContent": {"text": "a"}}), "extraneous key [text]"),
        (json!({"reasoningContent": {"reasoningText": {}}}), "reasoningText.text'"),
        (json!({"reasoningContent": {"redactedContent": "a!"}}), "no base64"),
        (json!({"citationsContent": {"citations": ["a"]}}), "expected type: JSONObject, found: String"),
        (result("a"), "The toolResult block at messages.1.content.0 is not supported"),
    ] {
        let messages = json!([user(json!([{"text": "a"}])), assistant(json!([block]))]);
        refuses(json!({"messages": messages, "toolConfig": tools()}), why);
    }
}

#[test]
fn refuses_calls_without_their_results() {
    let exceeds = "The number of toolResult blocks at messages.2.content exceeds the number of toolUse blocks of \
                   previous turn.";
    let result_of = |content: Value, status: &str| json!({"toolResult": {"toolUseId": "a", "content": content, "status": status}});
    for (calls, results, why) in [
        (json!([call("a")]), json!([result("a"), result("b")]), exceeds),
        (json!([{"text": "a"}]), json!([result("a")]), exceeds),
        (
            json!([call("a"), call("b")]),
            json!([{"text": "c"}]),
            "Expected toolResult blocks at messages.2.content for the following Ids: a, b",
        ),
        (json!([call("a")]), json!([result("b")]), "for the following Ids: a"),
        (
            json!([call("a")]),
            json!([result_of(json!([]), "error")]),
            "cannot be empty when status value is error.",
        ),
        (json!([call("a")]), json!([result_of(json!([]), "ok")]), "enum value set: [success, error]"),
        (json!([call("a")]), json!([result_of(json!([{"json": 1}]), "success")]), "Provide a json object"),
        (json!([call("a")]), json!([result_of(json!([{"audio": {}}]), "success")]), "extraneous key [audio]"),
    ] {
        let messages = json!([user(json!([{"text": "a"}])), assistant(calls), user(results)]);
        refuses(json!({"messages": messages, "toolConfig": tools()}), why);
    }
    let first = json!([user(json!([result("a")]))]);
    refuses(json!({"messages": first, "toolConfig": tools()}), "blocks at messages.0.content exceeds");
    let messages =
        json!([user(json!([{"text": "a"}])), assistant(json!([call("a")])), user(json!([result("a")]))]);
    refuses(
        json!({"messages": messages}),
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    );
}
