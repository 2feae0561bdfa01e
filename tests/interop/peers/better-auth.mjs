// better-auth with its SCIM plugin on PostgreSQL. Argument 1 is how to reach the database (JSON: host, user, password, database).
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { toNodeHandler } from 'better-auth/node';
import { scim } from '@better-auth/scim';
import pg from 'pg';
import { serve } from '../lines.mjs';

const settings = JSON.parse(process.argv[2]);
const sql = new pg.Pool({ ...settings, max: 1 });
const token = randomBytes(32).toString('base64url');
const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const options = {
  baseURL: origin,
  secret: randomBytes(32).toString('base64url'),
  database: new pg.Pool({ ...settings, max: 10 }),
  telemetry: { enabled: false },
  rateLimit: { enabled: false },
  plugins: [scim({ connections: [{ id: 'bench', credentials: [{ type: 'bearer', id: 'bench', token }] }] })],
};

/** What the plugin makes of a tuple to have a key of one length. */
const keyOf = (...parts) => createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

async function insert(table, rows) {
  for (let at = 0; at < rows.length; at += 5000) {
    await sql.query(`INSERT INTO "${table}" SELECT * FROM json_populate_recordset(null::"${table}", $1)`, [JSON.stringify(rows.slice(at, at + 5000))]);
  }
}

await serve({
  async start() {
    await (await getMigrations(options)).runMigrations();
    server.on('request', toNodeHandler(betterAuth(options)));
    return { address: `${origin}/api/auth/scim/v2/`, token };
  },

  /** Users bulk-1 … bulk-N: the rows of the one who was posted, with another id and another name in them. */
  async load({ count }) {
    const one = async (table) => (await sql.query(`SELECT * FROM "${table}" LIMIT 1`)).rows[0];
    const [user, scimUser, subject] = [await one('user'), await one('scimUser'), await one('scimSubject')];
    const made = Array.from({ length: count }, (_, i) => {
      const [userId, id, address] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex'), `bulk-${i + 1}@bulk.example`];
      const emails = `|${keyOf('email', address)}|`;
      return {
        user: { ...user, id: userId, email: address },
        scimUser: {
          ...scimUser, id, userId, connectionUserKey: keyOf('scim-user', 'bench', userId), userName: address, userNameKey: keyOf('scim-user-name', 'bench', address), primaryEmail: address,
          workEmailValueIndex: emails, emailValueIndex: emails, serializedEmails: scimUser.serializedEmails.replaceAll(scimUser.userName, address),
          serializedAttributes: scimUser.serializedAttributes.replaceAll(scimUser.userName, address), externalId: `bulk-${i + 1}`,
          externalIdKey: keyOf('scim-user-external-id', 'bench', `bulk-${i + 1}`), orderKey: `${String(Date.now()).padStart(15, '0')}:${id.slice(0, 16)}`,
        },
        scimSubject: { ...subject, id: randomBytes(16).toString('hex'), userId, profileSourceId: id },
      };
    });
    for (const table of ['user', 'scimUser', 'scimSubject']) await insert(table, made.map((m) => m[table]));
    await sql.query('ANALYZE');
    return { ids: made.map((m) => m.scimUser.id) };
  },

  async fill({ group, members }) {
    await insert('scimGroupMember', members.map((user) => ({
      id: randomBytes(16).toString('hex'), connectionId: 'bench', groupId: group, scimUserId: user, membershipKey: keyOf('scim-group-member', 'bench', group, user), createdAt: new Date(),
    })));
    await sql.query('ANALYZE');
    return {};
  },

  async members({ group }) {
    return { count: (await sql.query('SELECT count(*)::int AS n FROM "scimGroupMember" WHERE "groupId" = $1', [group])).rows[0].n };
  },
});
