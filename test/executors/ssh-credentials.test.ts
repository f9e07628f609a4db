// Proves how our own SSH client logs in: keys with passphrases, the agent, and a password when nothing else was accepted.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Executor, ExecutorError } from "../../src/executors/executor.ts";
import { createSshExecutor } from "../../src/executors/ssh.ts";
import type { CredentialSources } from "../../src/executors/ssh-credentials.ts";
import type { HostAccess, Transport } from "../../src/hosts/host.ts";
import { resolveSecret } from "../../src/platform/secrets.ts";
import { until } from "../support/processes.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { command, entry, Recorder, runOptions, sshAccess, sshHost } from "./fixtures.ts";

if (sshdAbsence !== null) console.warn(`SKIPPED logins over SSH: ${sshdAbsence}`);

const SECRETS: Readonly<Record<string, string>> = { PASSPHRASE: "correct horse", PASSWORD: "battery staple" };

describe.skipIf(sshdAbsence !== null)("a login", () => {
  let sshd: TestSshd;
  let folder = "";
  let agent: ChildProcess;
  let agentSocket = "";
  const open: Executor[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "nightshift-login-"));
    sshd = await startSshd();
    agentSocket = join(folder, "agent");
    agent = spawn("ssh-agent", ["-D", "-a", agentSocket], { stdio: "ignore" });
    await until(() => addToAgent(sshd.keyFile));
  });
  afterAll(async () => {
    await Promise.all(open.map((executor) => executor.close()));
    await sshd.close();
    agent.kill("SIGKILL");
    await once(agent, "exit");
    rmSync(folder, { recursive: true });
  });

  function addToAgent(keyFile: string): boolean {
    try {
      execFileSync("ssh-add", ["-q", keyFile], {
        env: { PATH: process.env["PATH"], SSH_AUTH_SOCK: agentSocket },
        stdio: "ignore",
      });
      return true;
    } catch {
      return false;
    }
  }

  function sources(socket: string | null): CredentialSources {
    const readers = {
      env: SECRETS,
      readFile: (path: string) => Promise.resolve(readFileSync(path, "utf8")),
      runCommand: () => Promise.reject(new Error("not here")),
    };
    return { readSecret: (ref) => resolveSecret(ref, readers), agentSocket: socket };
  }

  async function logIn(
    access: Partial<HostAccess>,
    options: { readonly agentSocket?: string | null; readonly server?: TestSshd } = {},
  ): Promise<unknown> {
    const server = options.server ?? sshd;
    const ssh = createSshExecutor({
      lookUp: () => entry({ access: sshAccess(server, access) }),
      credentials: sources(options.agentSocket === undefined ? agentSocket : options.agentSocket),
    });
    open.push(ssh);
    return ssh
      .run(sshHost(server), command(["true"]), runOptions(new Recorder()))
      .catch((reason: unknown) => reason);
  }

  const DONE = { kind: "exited", exitCode: 0 };

  function refused(result: unknown): string {
    if (!(result instanceof ExecutorError) || result.code !== "login-refused")
      throw new Error(`not refused but ${JSON.stringify(result)}`);
    expect(result.message).not.toMatch(/correct horse|battery staple/);
    return result.message;
  }

  describe("with a key that has a passphrase", () => {
    let keyFile = "";
    beforeAll(() => {
      keyFile = join(folder, "locked_key");
      writeFileSync(keyFile, readFileSync(sshd.keyFile), { mode: 0o600 });
      execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", SECRETS["PASSPHRASE"] ?? "", "-f", keyFile]);
    });

    test("given from the environment or a file", async () => {
      expect(await logIn({ keyFile, passphrase: { env: "PASSPHRASE" } })).toEqual(DONE);
      const file = join(folder, "passphrase");
      writeFileSync(file, `${SECRETS["PASSPHRASE"]}\n`);
      expect(await logIn({ keyFile, passphrase: { file } })).toEqual(DONE);
    });

    test("says what is missing or wrong", async () => {
      expect(refused(await logIn({ keyFile }))).toContain("without its passphrase");
      expect(refused(await logIn({ keyFile, passphrase: { env: "PASSWORD" } }))).toContain(
        "with the passphrase given",
      );
      expect(refused(await logIn({ keyFile, passphrase: { env: "NOT_SET" } }))).toContain(
        "NOT_SET is not set",
      );
    });
  });

  describe.each(["ssh2", "openssh"] as const)("with an agent by %s", (transport: Transport) => {
    test("its key is enough", async () => {
      expect(await logIn({ transport, keyFile: null, isAgentUsed: true })).toEqual(DONE);
    });

    test("is not used where the host does not ask for it", async () => {
      const result = await logIn({
        transport,
        keyFile: join(sshd.folder, "host_key"),
        isAgentUsed: false,
      });
      expect(refused(result)).toContain("web-1 (127.0.0.1");
    });

    test("comes after a key that the server refuses", async () => {
      const keyFile = join(sshd.folder, "host_key");
      expect(await logIn({ transport, keyFile, isAgentUsed: true })).toEqual(DONE);
    });
  });

  test("with an agent that is not there says so", async () => {
    const access = { keyFile: null, isAgentUsed: true };
    expect(refused(await logIn(access, { agentSocket: null }))).toContain("SSH_AUTH_SOCK is not set");
    expect(refused(await logIn(access, { agentSocket: "/no/such/agent" }))).toContain("cannot be used");
  });

  describe("with a password", () => {
    test.each(["password", "keyboard-interactive"] as const)(
      "by %s, after the key was refused",
      async (method) => {
        const server = await startPasswordServer(folder, sshd, method);
        try {
          const access = { knownHostsFile: server.knownHostsFile, password: { env: "PASSWORD" } };
          expect(await logIn(access, { server })).toEqual(DONE);
          expect(server.tried).toEqual(["publickey", ...(method === "password" ? [] : ["password"]), method]);
          server.tried.length = 0;
          refused(await logIn({ ...access, password: { env: "PASSPHRASE" } }, { server }));
        } finally {
          await server.close();
        }
      },
    );
  });
});

/** A server in this process that lets somebody in by the password alone, since no real account has a known one. */
async function startPasswordServer(
  folder: string,
  sshd: TestSshd,
  method: "password" | "keyboard-interactive",
): Promise<TestSshd & { readonly tried: string[] }> {
  const tried: string[] = [];
  const hostKeys = [readFileSync(join(sshd.folder, "host_key"))];
  const server = new ssh2.Server({ hostKeys }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (tried.at(-1) !== context.method) tried.push(context.method);
      const allowed: ("password" | "keyboard-interactive" | "publickey")[] = ["publickey", method];
      if (context.method !== method) context.reject(allowed);
      else if (context.method === "password")
        if (context.password === SECRETS["PASSWORD"]) context.accept();
        else context.reject(allowed);
      else if (context.method === "keyboard-interactive")
        context.prompt([{ prompt: "Password: ", echo: false }], (answers) => {
          if (answers[0] === SECRETS["PASSWORD"]) context.accept();
          else context.reject(allowed);
        });
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _reject, { command: line }) => {
        const channel = acceptExec();
        const child = spawn("/bin/sh", ["-c", line], { stdio: ["pipe", "pipe", "pipe"] });
        channel.pipe(child.stdin).on("error", () => undefined);
        child.stdout.on("data", (chunk: Buffer) => channel.write(chunk));
        child.stderr.on("data", (chunk: Buffer) => channel.stderr.write(chunk));
        child.on("close", (code) => {
          channel.exit(code ?? 1);
          channel.end();
        });
      });
    });
  });
  const sockets = new Set<Socket>();
  const listener = createServer((socket) => {
    sockets.add(socket);
    server.injectSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const knownHostsFile = join(folder, `known_hosts-${method}`);
  writeFileSync(knownHostsFile, `[127.0.0.1]:${address.port} ${sshd.hostKey}\n`);
  return {
    ...sshd,
    port: address.port,
    knownHostsFile,
    tried,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
