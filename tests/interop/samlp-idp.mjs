// An identity provider made of npm samlp on express 4. Argument 1 is its key, its certificate and what it does (JSON); the test is its browser.
// samlp has no pages: the sign-in form below is all there is. Whoever signs in as "x" is NameID "x" with the address x@domain.
import { createRequire } from 'node:module';
import { randomBytes, X509Certificate } from 'node:crypto';
import express from 'express';
import samlp from 'samlp';
import { serve } from './lines.mjs';

const SessionParticipants = createRequire(import.meta.url)('samlp/lib/sessionParticipants');
const { key, certificate, entityId, domain, signResponse, signAssertion, encryption, sha1, signedRequests } = JSON.parse(process.argv[2]);
const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';
const post = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST';
const algorithms = sha1 ? { signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' } : { signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256' };
const sessions = new Map();
let sp;

const app = express();
const server = await new Promise((resolve) => { const made = app.listen(0, '127.0.0.1', () => resolve(made)); });
const address = `http://127.0.0.1:${server.address().port}`;
const issuer = entityId ?? `${address}/metadata`;

app.use(express.urlencoded({ extended: false, limit: '1mb' }));
app.use((req, res, next) => {
  let id = /(?:^|; )idp=([0-9a-f]+)/.exec(req.headers.cookie ?? '')?.[1];
  if (!sessions.has(id)) {
    id = randomBytes(16).toString('hex');
    sessions.set(id, { participants: [] });
    res.cookie('idp', id, { httpOnly: true, path: '/' });
  }
  req.session = sessions.get(id);
  next();
});

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** The request waits in the form while the person signs in: in the address (redirect binding) or in hidden fields (POST binding). */
function signIn(req, res, next) {
  if (req.body?.login) req.session.user = person(req.body.login);
  if (req.session.user && req.method === 'POST' && req.query.SAMLRequest) return res.redirect(303, req.originalUrl);
  if (req.session.user) return next();
  const kept = ['SAMLRequest', 'RelayState'].filter((name) => req.body?.[name]).map((name) => `<input type="hidden" name="${name}" value="${escape(req.body[name])}">`);
  res.send(`<!doctype html><title>Sign in</title><form method="post" action="${escape(req.originalUrl)}">${kept.join('')}<input name="login"><input type="password" name="password"><button>Sign in</button></form>`);
}

function person(login) {
  return { id: login, displayName: `${login} Upstream`, name: { givenName: login, familyName: 'Upstream' }, emails: [{ value: `${login}@${domain}` }], groups: ['staff', 'auditors'] };
}

function respond(req, res, next) {
  const sessionIndex = `_${randomBytes(16).toString('hex')}`;
  req.session.participants.push({
    serviceProviderId: sp.entityId, nameId: req.session.user.id, sessionIndex, serviceProviderLogoutURL: sp.slo, cert: sp.certificate, binding: sp.sloBinding === 'post' ? post : redirect,
  });
  samlp.auth({
    issuer, key, cert: certificate, sessionIndex, ...algorithms,
    signResponse, signAssertion,
    audience: sp.entityId, recipient: sp.acs, destination: sp.acs,
    getPostURL: (audience, request, incoming, done) => done(null, sp.acs),
    getUserFromRequest: () => req.session.user,
    authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    signingCert: signedRequests ? sp.certificate : undefined,
    ...(encryption && { encryptionCert: sp.certificate, encryptionPublicKey: sp.publicKey, encryptionAlgorithm: encryption, disallowEncryptionWithInsecureAlgorithm: false, warnOnInsecureEncryptionAlgorithm: false }),
  })(req, res, next);
}

function logout(req, res, next) {
  samlp.logout({
    issuer, key, cert: certificate, ...algorithms,
    deflate: req.method === 'GET',
    protocolBinding: sp.sloBinding === 'post' ? post : redirect,
    sessionParticipants: new SessionParticipants(req.session.participants),
    clearIdPSession: (done) => { delete req.session.user; req.session.participants = []; done(); },
    store: states(req.session),
  })(req, res, next);
}

/** Where a logout in progress is kept. */
function states(session) {
  const kept = session.states ??= new Map();
  return {
    save(req, state, done) { const id = randomBytes(12).toString('hex'); kept.set(id, state); done(null, id); },
    load(req, id, options, done) { const found = kept.get(id); if (options?.destroy) kept.delete(id); (done ?? options)(null, found); },
    update(req, id, state, done) { kept.set(id, state); done(null, id); },
  };
}

app.get('/metadata', samlp.metadata({ issuer, cert: certificate, redirectEndpointPath: '/sso', postEndpointPath: '/sso', logoutEndpointPaths: { redirect: '/logout', post: '/logout' } }));
app.all('/sso', signIn, respond);
// The same without a request: a tile of a portal.
app.all('/start', signIn, respond);
app.all('/logout', logout);
app.get('/', (req, res) => res.send(`<!doctype html><title>Portal</title><p id="who">${escape(req.session.user?.id ?? 'nobody')}</p>`));
app.use((failure, req, res, next) => { // eslint-disable-line no-unused-vars -- express counts the parameters
  console.error(failure.stack);
  res.status(400).send(`<!doctype html><title>Error</title><p>${escape(failure.message ?? failure)}</p>`);
});

await serve({
  async address() {
    return { address, issuer, metadata: `${address}/metadata`, sso: `${address}/sso`, start: `${address}/start`, logout: `${address}/logout` };
  },

  async register(given) {
    const pem = given.certificate && `-----BEGIN CERTIFICATE-----\n${given.certificate.match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
    sp = { ...given, certificate: pem, publicKey: pem && new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'pem' }) };
    return {};
  },

  async sessions() {
    return { signedIn: [...sessions.values()].filter((s) => s.user).map((s) => s.user.id) };
  },
});
server.close();
server.closeAllConnections();
