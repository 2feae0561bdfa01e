import { createRemoteJWKSet, jwtVerify } from 'jose';

export class Forbidden extends Error {}

/** The checks of an API, once for each process: its issuer and its own identifier. */
export async function authorizer(issuer, audience) {
  const discovery = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  if (discovery.issuer !== issuer) throw new Error('This is another issuer.');
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri)); // keeps the set; reads it again for a kid that is not in it

  /** The tenant and the person, or an error: never a token's claims without the permission. */
  return async function authorize(token, permission) {
    const { payload } = await jwtVerify(token, keys, { issuer, audience, typ: 'at+jwt', algorithms: ['ES256', 'RS256'], requiredClaims: ['exp', 'sub', 'org_id'], clockTolerance: 30 });
    if (!Array.isArray(payload.permissions) || !payload.permissions.includes(permission)) throw new Forbidden(permission);
    return { organizationId: payload.org_id, userId: payload.sub };
  };
}
