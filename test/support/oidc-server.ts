// A provider of OpenID Connect as a process of its own: `node oidc-server.ts PORT REDIRECT_URI`. Accounts and their claims are what a test
// puts at /test/accounts; whoever types an account's name at its login page is logged in.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import Provider from "oidc-provider";

const [port = "", redirectUri = ""] = process.argv.slice(2);
const accounts = new Map<string, Record<string, unknown>>();

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: "nightshift",
      client_secret: "a-secret-of-the-client",
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [new URL("/login", redirectUri).href],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      token_endpoint_auth_method: "client_secret_post",
    },
  ],
  pkce: { required: () => true },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: async () => ({ sub: id, ...accounts.get(id) }),
  }),
});

const handle = provider.callback();
const server = createServer((request, response) => {
  if (request.url !== "/test/accounts") return void handle(request, response);
  void text(request).then((body) => {
    const { id, claims } = JSON.parse(body) as { id: string; claims: Record<string, unknown> };
    accounts.set(id, claims);
    response.end("{}");
  });
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
