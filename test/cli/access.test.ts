// Tokens, people and rights from the command line, as programs of their own.
import { expect, test } from "vitest";
import { isPassword } from "../../src/access/password.ts";
import { type AccessService, ask, cookieOf, startAccess, tokenOf } from "../http/login/login-fixture.ts";
import { nightshift } from "./nightshift.ts";

async function adminEnv(service: AccessService): Promise<Record<string, string>> {
  const token = await tokenOf(service, await cookieOf(service, "ada"), "ada", ["all"]);
  return { NIGHTSHIFT_URL: service.app.url, NIGHTSHIFT_TOKEN: token };
}

test("user hash prints a hash that opens for the password, and refuses a short one", async () => {
  const { code, stdout } = await nightshift(["user", "hash"], { input: "a long enough one\n" });
  expect(code).toBe(0);
  expect(await isPassword("a long enough one", stdout.trim())).toBe(true);
  expect(await nightshift(["user", "hash"], { input: "short\n" })).toMatchObject({ code: 2, stdout: "" });
});

test("a token is made on the machine itself while the service runs, and works at once", async () => {
  const service = await startAccess();
  const here = ["--config.file", service.at.configFile, "--storage.path", service.at.storagePath];
  const made = await nightshift([
    "token",
    "create",
    ...here,
    "--user",
    "rike",
    "--scope",
    "run:fix",
    "--name",
    "ci",
  ]);
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const token = made.stdout.trim();
  expect(token).toMatch(/^nst_[A-Za-z0-9_-]{43}$/);
  const { status } = await ask(service, "POST", "/runbooks/fix/runs", { token, body: {} });
  expect(status).toBe(202);
  const unknown = await nightshift(["token", "create", ...here, "--user", "mallory"]);
  expect(unknown).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("nobody is called mallory"),
  });
  expect((await nightshift(["token", "create", ...here])).code).toBe(2);
  const audit = await service.app.store.reader
    .selectFrom("audit")
    .selectAll()
    .where("action", "=", "token.create")
    .execute();
  expect(audit).toMatchObject([{ principal: expect.stringMatching(/^machine:/), via: "local" }]);
});

test("tokens are made, listed and revoked against a server", async () => {
  const service = await startAccess();
  const env = await adminEnv(service);
  const made = await nightshift(
    ["token", "create", "--user", "vera", "--scope", "read", "--expires", "90d"],
    { env },
  );
  expect(made).toMatchObject({ code: 0, stderr: "" });
  const theirs = { ...env, NIGHTSHIFT_TOKEN: made.stdout.trim() };
  expect((await nightshift(["run", "list"], { env: theirs })).code).toBe(0);
  const list = await nightshift(["token", "list", "--user", "vera"], { env });
  expect(list.stdout).toMatch(/command line +vera +read +\S+.* +valid until/);
  const id = /^([0-9a-f-]{36})/m.exec(list.stdout)?.[1] ?? "";
  expect(await nightshift(["token", "revoke", id], { env })).toMatchObject({
    code: 0,
    stdout: "token command line of vera is revoked\n",
  });
  const refused = await nightshift(["run", "list"], { env: theirs });
  expect(refused).toMatchObject({
    code: 4,
    stdout: "",
    stderr: expect.stringContaining("the token was revoked"),
  });
  for (const wrong of [
    ["--scope", "everything"],
    ["--expires", "soon"],
    ["--expires", "0s"],
  ])
    expect((await nightshift(["token", "create", ...wrong], { env })).code).toBe(2);
  expect((await nightshift(["run", "list"], { env: { ...env, NIGHTSHIFT_TOKEN: "two words" } })).code).toBe(
    2,
  );
});

test("people are added and removed, and access check says why with exit code 4", async () => {
  const service = await startAccess();
  const env = await adminEnv(service);
  const added = await nightshift(["user", "add", "emil", "--group", "runners"], {
    env,
    input: "a long enough one\n",
  });
  expect(added).toMatchObject({ code: 0, stdout: "emil can log in (no role)\n" });
  expect((await nightshift(["user", "list"], { env })).stdout).toMatch(/emil +none +runners +password/);
  const may = await nightshift(["access", "check", "emil", "fix"], { env });
  expect(may).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/yes +start a run +access\.run names group:runners/),
  });
  const mayNot = await nightshift(["access", "check", "vera", "fix"], { env });
  expect(mayNot).toMatchObject({
    code: 4,
    stdout: expect.stringMatching(
      /no +start a run +access\.run of its runbook names group:runners; vera has/,
    ),
  });
  expect((await nightshift(["user", "remove", "emil"], { env })).code).toBe(0);
  expect((await nightshift(["access", "check", "emil", "fix"], { env })).code).toBe(1);
});
