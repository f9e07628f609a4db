import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const SSHD = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path));

/** Why no private SSH server can be used on this machine, null when one can. */
export const sshdAbsence: string | null = findAbsence();

function findAbsence(): string | null {
  if (process.platform !== "linux") return "the SSH tests are written for Linux";
  if (SSHD === undefined) return "no sshd is installed (Debian: apt-get install openssh-server)";
  const { username, shell } = userInfo();
  return /nologin$|false$/.test(shell ?? "") ? `the user ${username} has no login shell` : null;
}

/** A private OpenSSH server on the loopback address, with keys of its own. */
export interface TestSshd {
  readonly address: string;
  readonly port: number;
  /** The user of the tests; the server lets only this one in. */
  readonly user: string;
  readonly keyFile: string;
  readonly knownHostsFile: string;
  /** `ssh-ed25519 AAAA…` of the server. */
  readonly hostKey: string;
  readonly folder: string;
  /** What the server has logged so far. */
  log(): Promise<string>;
  /** Ends the server and every session of it. */
  close(): Promise<void>;
}

/** Starts one; `config` are further lines of sshd_config. Throws when it does not listen within ten seconds. */
export async function startSshd(config: readonly string[] = []): Promise<TestSshd> {
  if (SSHD === undefined) throw new Error(sshdAbsence ?? "no sshd");
  const isRoot = process.getuid?.() === 0;
  if (isRoot && !existsSync("/run/sshd")) mkdirSync("/run/sshd", { mode: 0o755, recursive: true });
  const folder = await mkdtemp(join(tmpdir(), "nightshift-sshd-"));
  const keyFile = join(folder, "client_key");
  makeKey(keyFile);
  makeKey(join(folder, "host_key"));
  const [type = "", key = ""] = (await readFile(join(folder, "host_key.pub"), "utf8")).split(" ");
  const port = await freePort();
  const knownHostsFile = join(folder, "known_hosts");
  await writeFile(knownHostsFile, `[127.0.0.1]:${port} ${type} ${key}\n`);
  const logFile = join(folder, "sshd.log");
  await writeFile(
    join(folder, "sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      `HostKey ${join(folder, "host_key")}`,
      `AuthorizedKeysFile ${join(folder, "client_key.pub")}`,
      "PasswordAuthentication no",
      "KbdInteractiveAuthentication no",
      "PermitRootLogin prohibit-password",
      "StrictModes no",
      "UsePAM no",
      "PidFile none",
      "LogLevel VERBOSE",
      "MaxStartups 100",
      "UseDNS no",
      // The tests do not depend on what the profile files of this user do.
      `SetEnv HOME=${folder}`,
      ...config,
      "",
    ].join("\n"),
  );
  const args = ["-D", "-E", logFile, "-f", join(folder, "sshd_config")];
  const server = spawn(SSHD, args, { stdio: "ignore" });
  const close = async () => {
    await endTree(server);
    await rm(folder, { recursive: true, force: true });
  };
  const log = () => readFile(logFile, "utf8").catch(() => "");
  try {
    await untilListening(log, server);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    address: "127.0.0.1",
    port,
    user: userInfo().username,
    keyFile,
    knownHostsFile,
    hostKey: `${type} ${key}`,
    folder,
    log,
    close,
  };
}

function makeKey(file: string): void {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", file]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

async function untilListening(log: () => Promise<string>, server: ChildProcess): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await log()).includes("Server listening on")) {
    if (server.exitCode !== null || performance.now() > deadline)
      throw new Error(`sshd did not start: ${await log()}`);
    await delay(20);
  }
}

/** Sessions are in process groups of their own, so the tree is followed by parents. */
async function endTree(server: ChildProcess): Promise<void> {
  if (server.pid === undefined || server.exitCode !== null) return;
  const exited = new Promise((resolve) => server.once("exit", resolve));
  const pids = descendants(server.pid);
  server.kill("SIGTERM");
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has gone by itself.
    }
  }
  await exited;
}

function descendants(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "latin1");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {
      // It has gone meanwhile.
    }
  }
  const found: number[] = [];
  for (const [pid] of parents) {
    for (let at = parents.get(pid); at !== undefined && at > 1; at = parents.get(at)) {
      if (at === root) found.push(pid);
    }
  }
  return found;
}
