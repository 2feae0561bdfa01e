// A relying party made of openid-client and jose. Its registration is argument 1 (JSON); the test is its browser.
import * as client from 'openid-client';
import { createRemoteJWKSet, importPKCS8, jwtVerify } from 'jose';
import { serve } from './lines.mjs';

const { issuer, clientId, clientSecret, privateKey, kid, redirectUri } = JSON.parse(process.argv[2]);
// An app with a key instead of a secret signs its assertions with it (private_key_jwt).
const proof = privateKey && client.PrivateKeyJwt({ key: await importPKCS8(privateKey, 'ES256'), kid });
const config = await client.discovery(new URL(issuer), clientId, clientSecret, proof, { execute: [client.allowInsecureRequests] });
// Off by default in the code flow, where TLS is trusted instead.
client.enableNonRepudiationChecks(config);
const server = config.serverMetadata();
const keys = createRemoteJWKSet(new URL(server.jwks_uri));

let pending;
let tokens;

/** Every signature is checked a second time, by another library than the one that made the request. */
async function read(answer) {
  tokens = { ...tokens, ...answer };
  const id = await jwtVerify(answer.id_token, keys, { issuer, audience: clientId, algorithms: ['RS256'] });
  const access = await jwtVerify(answer.access_token, keys, { issuer, typ: 'at+jwt', algorithms: ['ES256'] });
  return { id: id.payload, access: access.payload, refreshToken: answer.refresh_token, expiresIn: answer.expires_in, scope: answer.scope };
}

await serve({
  async discover() {
    return { issuer: server.issuer, pkce: server.code_challenge_methods_supported, supportsPkce: server.supportsPKCE() };
  },

  async authorize({ organization }) {
    pending = { verifier: client.randomPKCECodeVerifier(), state: client.randomState(), nonce: client.randomNonce() };
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile email offline_access',
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
      ...(organization && { organization }),
    });
    return { url: url.href };
  },

  // Checks state, nonce and, because the server announces it, the issuer of the answer (RFC 9207).
  async callback({ url }) {
    return read(await client.authorizationCodeGrant(config, new URL(url), {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    }));
  },

  async refresh({ organization, refreshToken }) {
    return read(await client.refreshTokenGrant(config, refreshToken ?? tokens.refresh_token, organization && { organization }));
  },

  async userinfo({ subject }) {
    return { claims: await client.fetchUserInfo(config, tokens.access_token, subject) };
  },

  async revoke() {
    await client.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
    return {};
  },

  async endSession({ returnTo, state }) {
    return { url: client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: returnTo, state }).href };
  },
});
