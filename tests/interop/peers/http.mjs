// A SCIM endpoint's HTTP for a peer that is a library: a path, a body, a bearer token and a query in, a status and JSON out.
import { createServer } from 'node:http';

/** Listens on loopback; `handle` gets what a request says and answers { status, data }. */
export async function listen(handle) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, 'http://127.0.0.1');
    try {
      const { status, data } = await handle({
        method: request.method,
        path: url.pathname.split('/').filter(Boolean),
        query: Object.fromEntries(url.searchParams),
        body: chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : undefined,
        token: request.headers.authorization?.split(' ')[1] ?? null,
      });
      response.writeHead(status, { 'Content-Type': 'application/scim+json' }).end(data ? JSON.stringify(data) : '');
    } catch (failure) {
      console.error(failure);
      response.writeHead(500).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${server.address().port}`;
}
