// A mail server that keeps what it is given: smtp-server, told by the test how it behaves.
import { SMTPServer } from 'smtp-server';
import { serve } from './lines.mjs';

let received = [];
let refusals = {};
let waiting = [];
let seen = { connections: 0, secure: 0, users: [] };

/** Answers with the refusal that the test asked for at this command, as often as it said; or never, when it is to hang. */
function at(command, done) {
  const refusal = refusals[command];
  if (!refusal || refusal.times === 0) return done();
  refusal.times--;
  if (refusal.hang) return waiting.push(done);
  const failure = new Error(refusal.text ?? 'refused by the test');
  failure.responseCode = refusal.code;
  done(failure);
}

function start({ secure, key, cert, user, password, starttls }) {
  const server = new SMTPServer({
    secure: Boolean(secure),
    ...(key ? { key, cert } : {}),
    authOptional: !user,
    allowInsecureAuth: true,
    hideSTARTTLS: !starttls,
    disableReverseLookup: true,
    logger: false,
    onConnect(session, done) {
      seen.connections++;
      at('connect', done);
    },
    onAuth(auth, session, done) {
      seen.users.push(auth.username);
      done(auth.username === user && auth.password === password ? null : new Error('no'), { user });
    },
    onMailFrom(address, session, done) {
      at('from', done);
    },
    onRcptTo(address, session, done) {
      at('to', done);
    },
    onData(stream, session, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () =>
        at('data', (failure) => {
          if (!failure) {
            if (session.secure) seen.secure++;
            received.push({ from: session.envelope.mailFrom.address, to: session.envelope.rcptTo.map((r) => r.address), content: Buffer.concat(chunks).toString('utf8'), secure: session.secure });
          }
          done(failure);
        }),
      );
    },
  });
  server.on('error', () => {}); // a client that goes away
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.server.address().port)));
}

await serve({
  async listen(settings) {
    return { port: await start(settings) };
  },

  /** At connect, from, to or data: a code, or nothing at all until `release`. */
  async refuse({ command, code, text, times, hang }) {
    refusals[command] = { code, text, hang: hang === 'true' || hang === true, times: times === undefined ? Infinity : Number(times) };
  },

  async release() {
    refusals = {};
    waiting.splice(0).forEach((done) => done());
  },

  async received() {
    return { received, seen };
  },
});
