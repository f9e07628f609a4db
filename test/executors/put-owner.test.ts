// Proves whose a file is that was put, and what a full disk leaves. As root on Linux, where users can be changed.
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Executor } from "../../src/executors/executor.ts";
import { createLocalExecutor } from "../../src/executors/local.ts";
import { putFile, type PutRequest } from "../../src/executors/put.ts";
import { entry, LOCAL } from "./fixtures.ts";

const canBecome = process.getuid?.() === 0 && process.platform === "linux";
if (!canBecome)
  console.warn("SKIPPED the owners of files that are put: the tests do not run as root on Linux");

describe.skipIf(!canBecome)("put", () => {
  // Not every machine has sudo. To become nobody is what it says; to become `full` is to find a small disk in place of the folder.
  const SUDO = `#!/bin/sh
[ "$1 $2 $4" = "-n -u --" ] || exit 9
user=$3; shift 4
case $user in
  nobody) exec env -i PATH=/usr/bin:/bin setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$@" ;;
  full) exec env -i PATH=/usr/bin:/bin unshare -m sh -c '
      mount -t tmpfs -o size=128k disk "$0/disk" && printf old >"$0/disk/web.pem" || exit 9
      "$@"; r=$?; ls -A "$0/disk" >"$0/names"; cat "$0/disk/web.pem" >"$0/content"; exit $r' "$FOLDER" "$@" ;;
esac
`;
  let folder = "";
  let executor: Executor;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "nightshift-put-owner-")));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, "disk"));
    writeFileSync(join(folder, "sudo"), SUDO.replace("$FOLDER", folder));
    chmodSync(join(folder, "sudo"), 0o755);
    executor = createLocalExecutor({
      workFolder: "/",
      lookUp: () => entry({ become: ["nobody", "full"] }),
      environment: { PATH: `${folder}:/usr/bin:/bin` },
    });
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  let root = "";
  beforeEach(() => {
    root = mkdtempSync(join(folder, "root-"));
    chmodSync(root, 0o777);
  });
  const put = (more: Partial<PutRequest> = {}) =>
    putFile(
      executor,
      LOCAL,
      {
        path: join(root, "web.pem"),
        content: Buffer.from("new"),
        mode: null,
        owner: null,
        backupSuffix: null,
        become: null,
        writable: [`${folder}/**`],
        ...more,
      },
      { cookie: `${randomUUID()}:put:1`, timeoutMs: 15_000, signal: new AbortController().signal },
    );
  const id = (kind: "-u" | "-g", user: string) =>
    Number(execFileSync("id", [kind, user], { encoding: "utf8" }));
  const ownerOf = () => {
    const { uid, gid } = statSync(join(root, "web.pem"));
    return [uid, gid];
  };
  const nobody = canBecome ? id("-u", "nobody") : 0;
  const daemon = canBecome ? id("-u", "daemon") : 0;

  test("a new file belongs to who writes it, or to the owner named, with the group of that user", async () => {
    await put();
    expect(ownerOf()).toEqual([0, 0]);
    rmSync(join(root, "web.pem"));
    await put({ owner: "daemon" });
    expect(ownerOf()).toEqual([daemon, id("-g", "daemon")]);
  });

  test("a file that is replaced stays with its owner and group; a new owner alone keeps the group", async () => {
    writeFileSync(join(root, "web.pem"), "old");
    chownSync(join(root, "web.pem"), nobody, daemon);
    await put();
    expect(ownerOf()).toEqual([nobody, daemon]);
    await put({ owner: "daemon" });
    expect(ownerOf()).toEqual([daemon, daemon]);
    await put({ owner: "nobody:nogroup" });
    expect(ownerOf()).toEqual([nobody, id("-g", "nobody")]);
    for (const owner of [null, "nobody", "nobody:nogroup", String(nobody)])
      expect((await put({ owner })).kind).toBe("unchanged");
    expect((await put({ owner: "daemon" })).kind).toBe("written");
  });

  test("becomes the user that it is asked to", async () => {
    expect((await put({ become: "nobody" })).kind).toBe("written");
    expect(ownerOf()[0]).toBe(nobody);
  });

  test("nobody but root gives a file away, and nothing is left of the try", async () => {
    writeFileSync(join(root, "web.pem"), "old");
    for (const owner of [null, "daemon"]) {
      const end = await put({ become: "nobody", owner });
      expect(end).toMatchObject({ kind: "refused" });
      expect(end.kind === "refused" ? end.message : "").toContain("become: true");
    }
    expect([ownerOf(), readFileSync(join(root, "web.pem"), "utf8")]).toEqual([[0, 0], "old"]);
    expect(readdirSync(root)).toEqual(["web.pem"]);
  });

  test("a folder that may not be written, and one that may not be entered", async () => {
    chmodSync(root, 0o755);
    const end = await put({ become: "nobody" });
    expect(end).toMatchObject({ kind: "refused" });
    expect(end.kind === "refused" ? end.message : "").toMatch(/was not written.*Permission denied/);
    chmodSync(root, 0o700);
    expect(await put({ become: "nobody" })).toMatchObject({ kind: "refused" });
    expect(readdirSync(root)).toEqual([]);
  });

  test("a full disk: the old file stays, nothing else does, and the message says why", async () => {
    const path = join(folder, "disk/web.pem");
    const fits = await put({ path, become: "full", content: Buffer.alloc(50_000, "x") });
    expect(fits).toMatchObject({ kind: "written" });
    expect(readFileSync(join(folder, "content"), "utf8")).toBe("x".repeat(50_000));
    const end = await put({ path, become: "full", content: Buffer.alloc(500_000, "x") });
    expect(end).toMatchObject({ kind: "refused" });
    expect(end.kind === "refused" ? end.message : "").toContain("No space left on device");
    expect(readFileSync(join(folder, "content"), "utf8")).toBe("old");
    expect(readFileSync(join(folder, "names"), "utf8")).toBe("web.pem\n");
  });
});
