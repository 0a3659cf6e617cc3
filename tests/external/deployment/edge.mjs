// Calls the edge function with each request, as CloudFront does, and tells what became of it.
import { readFileSync } from 'node:fs';

const { code, requests } = JSON.parse(readFileSync(0, 'utf8'));
const handler = new Function(`${code}; return handler;`)();

const answers = requests.map(([method, uri]) => {
  const request = { method, uri, querystring: {}, headers: { 'x-stargate-viewer': { value: '10.0.0.1' } }, cookies: {} };
  const told = handler({ version: '1.0', context: { eventType: 'viewer-request' }, viewer: { ip: '203.0.113.9' }, request });
  if (told.statusCode) {
    return { status: told.statusCode, body: told.body.data };
  }
  return { status: null, uri: told.uri, viewer: told.headers['x-stargate-viewer'].value };
});
console.log(JSON.stringify(answers));
