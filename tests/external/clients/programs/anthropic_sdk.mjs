// Anthropic's TypeScript SDK, as the driver asks it.

import { installed, serve } from "./rpc.mjs";
import { model, models } from "./sdk.mjs";

const Anthropic = installed();

function connect({ url, key, header }) {
  const apiKey = header === "bearer" ? null : key;
  const authToken = header === "x-api-key" ? null : key;
  return new Anthropic({ baseURL: url, apiKey, authToken, timeout: 60_000 });
}

async function whole(client, { body }) {
  return { message: await client.messages.create(body) };
}

async function stream(client, { body, leave }) {
  const deltas = [];
  const events = client.messages.stream(body);
  for await (const event of events) {
    if (event.type !== "content_block_delta") continue;
    deltas.push(event.delta.text ?? "");
    if (leave) return { deltas };
  }
  return { message: await events.finalMessage(), deltas };
}

async function count(client, { body: { max_tokens, ...body } }) {
  return { tokens: (await client.messages.countTokens(body)).input_tokens };
}

await serve({ whole, stream, count, models, model }, connect);
