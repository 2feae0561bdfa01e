// An application that receives webhooks by the file that docs/webhooks.md shows: express and standardwebhooks. The test tells it the secrets.
import express from 'express';
import { serve } from './lines.mjs';
import { webhooks } from './webhooks.mjs';

let received = [];
let server;

await serve({
  async listen() {
    server = express().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return { port: server.address().port };
  },

  /** From now on, under a path of their own: endpoints are made after the address is known. */
  async believe({ path, secret, other }) {
    const secrets = other ? [secret, other] : [secret];
    server.removeAllListeners('request');
    const app = express();
    app.post(path, ...webhooks(secrets, (webhook) => received.push(webhook)));
    server.on('request', app);
    received = [];
  },

  async received() {
    return { received };
  },
});
