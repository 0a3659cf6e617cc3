// What Anthropic's and OpenAI's TypeScript SDKs have alike: one generator makes both.

export async function models(client) {
  const models = [];
  for await (const model of client.models.list()) models.push(model.id);
  return { models };
}

export async function model(client, { body }) {
  return { model: (await client.models.retrieve(body.model)).id };
}
