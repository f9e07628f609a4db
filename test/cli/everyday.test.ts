// What makes the command line comfortable: which server it asks, how the service is, reload, completion.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { completions, completionScript, SHELLS } from "../../src/cli/program/completion.ts";
import {
  type AccessService,
  cookieOf,
  settingsOf,
  startAccess,
  tokenOf,
} from "../http/login/login-fixture.ts";
import { nightshift } from "./nightshift.ts";

describe("which server", () => {
  const withFile = (service: AccessService, text: string) => {
    const home = join(service.at.folder, "home");
    mkdirSync(join(home, ".config", "nightshift"), { recursive: true });
    writeFileSync(join(home, ".config", "nightshift", "cli.yml"), text);
    return { HOME: home };
  };
  const tokenFile = async (service: AccessService) => {
    const token = await tokenOf(service, await cookieOf(service, "ada"), "vera", ["read"]);
    const file = join(service.at.folder, "token");
    writeFileSync(file, `${token}\n`);
    return { token, file };
  };

  test("is that of cli.yml, with its token", async () => {
    const service = await startAccess();
    const { file } = await tokenFile(service);
    const env = withFile(service, `server: ${service.app.url}\ntoken: {file: ${file}}\n`);
    expect(await nightshift(["run", "list"], { env })).toMatchObject({
      code: 0,
      stderr: "there is no such run\n",
    });
  });

  test("another one, by flag or environment, is not shown that token", async () => {
    const service = await startAccess();
    const other = await startAccess();
    const { file, token } = await tokenFile(service);
    const env = withFile(service, `server: ${service.app.url}\ntoken: {file: ${file}}\n`);
    const asked = await nightshift(["run", "list", "--server", other.app.url], { env });
    expect(asked).toMatchObject({ code: 4, stderr: expect.stringContaining("Not logged in") });
    const named = await nightshift(["run", "list"], { env: { ...env, NIGHTSHIFT_URL: other.app.url } });
    expect(named.code).toBe(4);
    const given = { ...env, NIGHTSHIFT_TOKEN: token, NIGHTSHIFT_URL: service.app.url };
    expect((await nightshift(["run", "list"], { env: given })).code).toBe(0);
  });

  test.each([
    ["server: ftp://x\n", "write the server's URL"],
    ["sever: http://127.0.0.1:1\n", "did you mean"],
    ["server: http://127.0.0.1:1\ntoken: nst_plain\n", "never the secret itself"],
    ["server: http://127.0.0.1:1\ntoken: {file: /nowhere}\n", "the secret file /nowhere could not be read"],
  ])("a wrong file %j is told with its place", async (text, words) => {
    const service = await startAccess();
    const ended = await nightshift(["run", "list"], { env: withFile(service, text) });
    expect(ended).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(words) });
  });
});

test("status says how the service is, and reload what is wrong with the files; both tell scripts by their exit code", async () => {
  const service = await startAccess();
  const token = await tokenOf(service, await cookieOf(service, "ada"), "ada", ["all"]);
  const env = { NIGHTSHIFT_URL: service.app.url, NIGHTSHIFT_TOKEN: token };
  const fine = await nightshift(["status"], { env });
  expect(fine).toMatchObject({ code: 0, stderr: "" });
  expect(fine.stdout).toMatch(/^queue: 0 waiting$/m);
  expect(await nightshift(["admin", "reload"], { env })).toMatchObject({ code: 0, stdout: "reloaded\n" });
  service.at.write({ "nightshift.yml": settingsOf("nonsense: true") });
  const refused = await nightshift(["admin", "reload"], { env });
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/Files refused[\s\S]*nightshift\.yml:\d+:\d+/),
  });
  const after = await nightshift(["status"], { env });
  expect(after).toMatchObject({ code: 1, stderr: expect.stringContaining("nightshift check says why") });
});

describe("completion", () => {
  const program = new Command("nightshift");
  const run = program.command("run");
  run.command("list").option("--status <status>", "only those").option("-o, --output <format>", "how");
  run.command("list2");
  program.command("schema").addArgument(program.createArgument("<kind>").choices(["rules", "hosts"]));
  program.command("__complete", { hidden: true });

  test.each([
    [[""], ["run", "schema"]],
    [["r"], ["run"]],
    [
      ["run", ""],
      ["list", "list2"],
    ],
    [
      ["run", "list", "--"],
      ["--help", "--output", "--status"],
    ],
    [["run", "list", "--status", ""], []],
    [["run", "list", "--status", "failed", "--o"], ["--output"]],
    [["schema", "r"], ["rules"]],
    [
      ["nothing", ""],
      ["run", "schema"],
    ],
  ])("of %j is %j", (words, expected) => expect(completions(program, words)).toEqual(expected));

  test("knows every command of the program", async () => {
    const top = (await nightshift(["__complete", "--", ""])).stdout.trim().split("\n");
    expect(top).toEqual(
      expect.arrayContaining(["serve", "run", "approval", "audit", "token", "completion", "status"]),
    );
    const statuses = (await nightshift(["__complete", "--", "run", "list", "--status", "w"])).stdout;
    expect(statuses).toBe("waiting_person\n");
  });

  test.each(SHELLS)("the script for %s asks the program", (shell) => {
    expect(completionScript(shell)).toContain("nightshift __complete --");
  });
});
