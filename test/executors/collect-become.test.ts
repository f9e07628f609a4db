// Proves as whom files are read. As root on Linux, where users can be changed.
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CollectedFile, CollectProblem } from "../../src/executors/collect.ts";
import type { Executor } from "../../src/executors/executor.ts";
import { createLocalExecutor } from "../../src/executors/local.ts";
import { createSshExecutor } from "../../src/executors/ssh.ts";
import type { Host } from "../../src/hosts/host.ts";
import { sshdAbsence, startSshd, type TestSshd } from "../support/sshd.ts";
import { entry, LOCAL, sshEntry, sshHost } from "./fixtures.ts";

const canBecome = process.getuid?.() === 0 && process.platform === "linux" && sshdAbsence === null;
if (!canBecome)
  console.warn(
    `SKIPPED gathering as another user: ${sshdAbsence ?? "the tests do not run as root on Linux"}`,
  );

describe.skipIf(!canBecome)("gathering as another user", () => {
  // Not every machine has sudo; this one does what `sudo -n -u USER --` does.
  const SUDO = `#!/bin/sh
[ "$1 $2 $4" = "-n -u --" ] || exit 9
[ "$3" = nobody ] || { echo "sudo: a password is required" >&2; exit 1; }
shift 4
exec env -i PATH=/usr/bin:/bin setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@"
`;
  let folder = "";
  let root = "";
  let sshd: TestSshd;
  const executors: Executor[] = [];
  const places: Record<string, readonly [Executor, Host]> = {};
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-collect-as-")));
    chmodSync(folder, 0o755);
    root = join(folder, "logs");
    mkdirSync(root);
    writeFileSync(join(folder, "sudo"), SUDO, { mode: 0o755 });
    writeFileSync(join(root, "open.log"), "open");
    writeFileSync(join(root, "root.log"), "of root", { mode: 0o600 });
    writeFileSync(join(root, "nobody.log"), "of nobody", { mode: 0o600 });
    chownSync(join(root, "nobody.log"), 65_534, 65_534);
    writeFileSync(join(root, "none.log"), "of nobody", { mode: 0o000 });
    chownSync(join(root, "none.log"), 65_534, 65_534);
    writeFileSync(join(folder, "outside"), "outside");
    symlinkSync("../outside", join(root, "link.log"));
    mkdirSync(join(root, "closed"), { mode: 0o700 });
    const path = `${folder}:/usr/bin:/bin`;
    sshd = await startSshd(["Match all", `SetEnv PATH=${path} HOME=${folder}`]);
    const more = { readable: [`${root}/**`], become: ["nobody", "daemon"] };
    const local = createLocalExecutor({
      workFolder: "/",
      lookUp: () => entry(more),
      environment: { PATH: path },
    });
    const ssh = createSshExecutor({ lookUp: () => sshEntry(sshd, more) });
    executors.push(local, ssh);
    places["local"] = [local, LOCAL];
    places["ssh2"] = [ssh, sshHost(sshd)];
  });
  afterAll(async () => {
    await Promise.all(executors.map((executor) => executor.close()));
    await sshd.close();
    rmSync(folder, { recursive: true });
  });

  const collect = async (where: string, become: string | null) => {
    const [executor, host] = places[where] ?? [];
    if (executor === undefined || host === undefined) throw new Error(`no ${where}`);
    const files: Record<string, string> = {};
    const problems: CollectProblem[] = [];
    const onFile = async (file: CollectedFile) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of file.content) chunks.push(chunk);
      files[file.path.slice(root.length + 1)] = Buffer.concat(chunks).toString("utf8");
    };
    const bytes = { fileBytesMax: 1_000, totalBytesMax: 10_000 };
    const end = await executor.collect(
      host,
      {
        paths: [`${root}/*.log`, `${root}/closed/*`],
        changedSinceMs: null,
        filesMax: 100,
        ...bytes,
        become,
        onTooBig: "tail",
      },
      {
        timeoutMs: 15_000,
        signal: new AbortController().signal,
        onFile,
        onProblem: (problem) => problems.push(problem),
      },
    );
    return { end, files, codes: problems.map(({ code }) => code).toSorted() };
  };

  test.each(["local", "ssh2"])("%s: what that user may read, and what not", async (where) => {
    const gathered = await collect(where, "nobody");
    expect(gathered.files).toEqual({ "open.log": "open", "nobody.log": "of nobody" });
    // Of root, of mode 000, a folder that is closed and so has no match; the link leads out.
    expect(gathered.codes).toEqual([
      "no-match",
      "not-permitted",
      "not-readable",
      "not-readable",
      "not-readable",
    ]);
    expect((await collect(where, null)).files).toMatchObject({
      "root.log": "of root",
      "none.log": "of nobody",
    });
  });

  test.each(["local", "ssh2"])(
    "%s: a user that the host does not list, or that sudo refuses",
    async (where) => {
      await expect(collect(where, "mail")).rejects.toMatchObject({ code: "not-permitted" });
      await expect(collect(where, "daemon")).rejects.toMatchObject({
        code: "not-permitted",
        message: expect.stringContaining("a password is required"),
      });
    },
  );
});
