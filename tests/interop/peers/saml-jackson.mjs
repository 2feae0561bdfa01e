// saml-jackson's directory sync on PostgreSQL, as its own host calls it, without the host. Argument 1 is how to reach the database (JSON: host, user, password, database).
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import pg from 'pg';
import { serve } from '../lines.mjs';
import { listen } from './http.mjs';

const { host, user, password, database } = JSON.parse(process.argv[2]);
const sql = new pg.Pool({ host, user, password, database, max: 1 });
const require = createRequire(import.meta.url);
const { controllers } = require('@boxyhq/saml-jackson');
const { keyDigest, keyFromParts } = require('@boxyhq/saml-jackson/dist/db/utils');

const externalUrl = 'http://127.0.0.1';
const { directorySyncController } = await controllers({
  externalUrl,
  samlPath: '/api/oauth/saml',
  db: { engine: 'sql', type: 'postgres', url: `postgres://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`, ttl: 300, cleanupLimit: 1000 },
  noAnalytics: true,
  logger: { info() {}, warn() {}, error: console.error },
});
let directory;

/** Rows of one kind of thing as its store writes them: the value under its key, and one row for each index. */
async function store(kind, things, indexes) {
  const namespace = `dsync:${kind}:${directory.tenant}:${directory.product}`;
  for (let at = 0; at < things.length; at += 5000) {
    const some = things.slice(at, at + 5000);
    const keys = some.map((thing) => `${namespace}:${keyDigest(thing.id)}`);
    await sql.query('INSERT INTO jackson_store (key, value, namespace) SELECT k, v, $3 FROM unnest($1::text[], $2::text[]) AS t(k, v)', [keys, some.map((thing) => JSON.stringify(thing)), namespace]);
    for (const { name, value } of indexes) {
      const insert = 'INSERT INTO jackson_index (key, "storeKey") SELECT k, s FROM unnest($1::text[], $2::text[]) AS t(k, s)';
      await sql.query(insert, [some.map((thing) => `${namespace}:${name}:${keyDigest(value(thing))}`), keys]);
    }
  }
}

await serve({
  async start() {
    const created = await directorySyncController.directories.create({ name: 'Bench', tenant: 'bench', product: 'bench', type: 'generic-scim-v2' });
    directory = created.data;
    const address = await listen(({ method, path: [kind, resourceId], query, body, token }) => directorySyncController.requests.handle({
      method,
      body,
      directoryId: directory.id,
      resourceId,
      resourceType: kind,
      apiSecret: token,
      query: { count: Number(query.count) || undefined, startIndex: Number(query.startIndex) || undefined, filter: query.filter },
    }, async () => {})); // nobody is told of events
    return { address: `${address}/`, token: directory.scim.secret };
  },

  /** Users bulk-1 … bulk-N, as they would be had they been posted. */
  async load({ count }) {
    const users = Array.from({ length: count }, (_, i) => {
      const [id, address] = [randomUUID(), `bulk-${i + 1}@bulk.example`];
      const raw = {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: address, externalId: `bulk-${i + 1}`, name: { givenName: 'Given', familyName: 'Family' },
        title: 'Engineer', emails: [{ value: address, type: 'work', primary: true }], id,
      };
      return { id, first_name: 'Given', last_name: 'Family', email: address, active: true, directoryId: directory.id, raw };
    });
    await store('users', users, [
      { name: 'directoryIdUsername', value: (u) => keyFromParts(directory.id, u.email) },
      { name: 'directoryId', value: () => directory.id },
    ]);
    await sql.query('ANALYZE');
    return { ids: users.map((u) => u.id) };
  },

  async fill({ group, members }) {
    await store('members', members.map((user) => ({ id: keyDigest(keyFromParts(group, user)), group_id: group, user_id: user })), [{ name: 'groupId', value: () => group }]);
    await sql.query('ANALYZE');
    return {};
  },

  async members({ group }) {
    const found = await sql.query(`SELECT count(*)::int AS n FROM jackson_index WHERE key = $1`, [`dsync:members:${directory.tenant}:${directory.product}:groupId:${keyDigest(group)}`]);
    return { count: found.rows[0].n };
  },
});
