// An API made of jose and the file that docs/authorization.md shows. Issuer and audience are argument 1 (JSON).
import { authorizer } from './authorization.mjs';
import { serve } from './lines.mjs';

const { issuer, audience } = JSON.parse(process.argv[2]);
const authorize = await authorizer(issuer, audience);

await serve({
  async authorize({ token, permission }) {
    try {
      return await authorize(token, permission);
    } catch (refusal) {
      return { refused: refusal.code ?? refusal.constructor.name };
    }
  },
});
