// One line of JSON in, one out: how the driver asks a client of npm.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

/** The default export of an installed package: `node <program> <folder> <package>`. */
export function installed() {
  const [folder, name] = process.argv.slice(2);
  return createRequire(`${folder}/package.json`)(name).default;
}

/** Answers each line by the operation that it names, with a client of its own; what is thrown is told. */
export async function serve(operations, connect) {
  for await (const line of createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    let answer;
    try {
      answer = await operations[asked.op](connect(asked), asked);
    } catch (error) {
      const { message, status = null } = error;
      answer = { error: { raised: error.constructor.name, status, message: String(message) } };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
