// An upstream identity provider nobody here wrote, with the pages it ships. Argument 1 is its one client and its domain (JSON).
// Whoever signs in as "x" is subject "x" with the verified address x@domain.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';
import { serve } from './lines.mjs';

const { clientId, clientSecret, authentication, domain } = JSON.parse(process.argv[2]);
const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
let codesRedeemed = 0;

await serve({
  // A connection has an id, and so a callback, only once it knows its issuer.
  async issuer() {
    return { issuer };
  },

  async start({ redirectUri }) {
    const provider = new Provider(issuer, {
      clients: [{
        client_id: clientId,
        client_secret: clientSecret,
        token_endpoint_auth_method: authentication,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
      }],
      clientAuthMethods: [authentication],
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
      findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({ sub, email: `${sub}@${domain}`, email_verified: true, name: `${sub} Upstream`, given_name: sub, family_name: 'Upstream' }),
      }),
      cookies: { keys: ['interop'] },
    });
    provider.on('grant.success', () => codesRedeemed++);
    server.on('request', provider.callback());
    return {};
  },

  async count() {
    return { codesRedeemed };
  },
});
server.close();
