// One JSON object a line: what a test asks on stdin, what a program answers on stdout.
import { createInterface } from 'node:readline';

// Libraries report on stdout as well, which is for answers only.
console.log = console.info = console.error;

function say(answer) {
  process.stdout.write(JSON.stringify(answer) + '\n');
}

/** Answers each line with what `commands[line.do]` gives. A failure is an answer too: its OAuth error code, or its message. */
export async function serve(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...given } = JSON.parse(line);
    try {
      say({ ok: true, ...(await commands[name](given)) });
    } catch (failure) {
      say({ ok: false, error: failure.error ?? failure.code ?? 'failed', message: failure.error_description ?? failure.message, status: failure.status, organization: failure.cause?.organization });
    }
  }
}
