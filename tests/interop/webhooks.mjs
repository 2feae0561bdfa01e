import express from 'express';
import { Webhook } from 'standardwebhooks';

/** Believes what one of the secrets signs, and handles each webhook once. `seen` should outlive the process, and be shared by its nodes. */
export function webhooks(secrets, handle, seen = new Set()) {
  const verifiers = secrets.map((secret) => new Webhook(secret));

  function verify(body, headers) {
    for (const verifier of verifiers) {
      try {
        return verifier.verify(body, headers);
      } catch {
        // Signed by another of them, perhaps.
      }
    }
  }

  return [
    express.raw({ type: 'application/json', limit: '256kb' }), // the bytes as they came: parsed and written again they are others
    async (request, response) => {
      const webhook = verify(request.body, request.headers);
      if (!webhook) return response.sendStatus(401);
      const id = request.get('webhook-id');
      if (!seen.has(id)) {
        await handle(webhook); // throws: 500, and it is sent again later
        seen.add(id);
      }
      response.sendStatus(204);
    },
  ];
}
