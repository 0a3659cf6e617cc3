// OpenAI's TypeScript SDK, as the driver asks it.

import { installed, serve } from "./rpc.mjs";
import { model, models } from "./sdk.mjs";

const OpenAI = installed();

function connect({ url, key }) {
  return new OpenAI({ baseURL: url, apiKey: key, timeout: 60_000 });
}

async function whole(client, { body }) {
  return { message: await client.chat.completions.create(body) };
}

async function stream(client, { body, leave }) {
  const chunks = [];
  const options = { ...body, stream: true, stream_options: { include_usage: true } };
  for await (const chunk of await client.chat.completions.create(options)) {
    chunks.push(chunk);
    if (leave && chunk.choices[0]?.delta.content) break;
  }
  return { chunks };
}

await serve({ whole, stream, models, model }, connect);
