// Proves that our reading of known_hosts agrees with OpenSSH's own, and how a presented key is judged.
import { execFileSync, spawnSync } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  findKnownHost,
  judgeHostKey,
  knownHostName,
  parseKnownHosts,
} from "../../src/executors/known-hosts.ts";

const hasKeygen = spawnSync("ssh-keygen", ["-?"]).error === undefined;
if (!hasKeygen) console.warn("SKIPPED known_hosts against ssh-keygen: ssh-keygen is not installed");

function ed25519(seed: number): { readonly text: string; readonly blob: Buffer } {
  const type = Buffer.from("ssh-ed25519");
  const key = Buffer.alloc(32, seed);
  const size = (part: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    return length;
  };
  const blob = Buffer.concat([size(type), type, size(key), key]);
  return { text: `ssh-ed25519 ${blob.toString("base64")}`, blob };
}

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

describe("judging a key", () => {
  const [right, wrong] = [ed25519(1), ed25519(2)];
  test.each([
    ["trusts the key of the host", `web ${right.text}`, "trusted"],
    ["trusts it beside another key of the host", `web ${wrong.text}\nweb ${right.text}`, "trusted"],
    ["knows nothing of a host that is not named", `db ${right.text}`, "unknown"],
    ["knows nothing from an empty file", "", "unknown"],
    ["sees a changed key", `web ${wrong.text}`, "changed"],
    ["refuses a revoked key", `@revoked web ${right.text}`, "revoked"],
    [
      "refuses a revoked key that another line trusts",
      `web ${right.text}\n@revoked * ${right.text}`,
      "revoked",
    ],
    ["does not mind another revoked key", `@revoked * ${wrong.text}\nweb ${right.text}`, "trusted"],
    ["refuses a certificate authority", `@cert-authority web ${right.text}`, "cert-authority"],
    ["does not take an authority's key for a host's", `@cert-authority *  ${right.text}`, "cert-authority"],
    [
      "takes the plain key beside an authority",
      `@cert-authority * ${wrong.text}\nweb ${right.text}`,
      "trusted",
    ],
    ["leaves an excluded host unknown", `*,!web ${right.text}`, "unknown"],
    [
      "ignores comments, unknown markers and broken lines",
      `# web ${right.text}\n@odd web ${right.text}\nweb ssh-ed25519\nweb ssh-rsa ${right.blob.toString("base64")}`,
      "unknown",
    ],
    ["reads lines that end as on Windows", `web ${right.text}\r\n`, "trusted"],
    ["reads a hashed name", `${hashed("web")} ${right.text}`, "trusted"],
    ["does not trust port 2222's key on port 22", `[web]:2222 ${right.text}`, "unknown"],
  ])("%s", (_, file, kind) => {
    expect(judgeHostKey(findKnownHost(parseKnownHosts(file), "web"), right.blob).kind).toBe(kind);
  });

  test("files a host under its port when that is not 22", () => {
    expect(knownHostName("WEB.example.net", 22)).toBe("web.example.net");
    expect(knownHostName("10.0.0.1", 2222)).toBe("[10.0.0.1]:2222");
    expect(knownHostName("fe80::1", 2222)).toBe("[fe80::1]:2222");
  });
});

describe.skipIf(!hasKeygen)("against ssh-keygen -F", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "nightshift-known-hosts-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const label = fc.constantFrom(
    "web",
    "db",
    "a",
    "web1",
    "web-2",
    "10.0.0.1",
    "web.example.net",
    "x.example.net",
    "::1",
  );
  const port = fc.constantFrom(22, 22, 2222, 22022);
  const name = fc.tuple(label, port).map(([host, number]) => knownHostName(host, number));
  const pattern = fc.oneof(
    { weight: 3, arbitrary: name },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        "*",
        "web*",
        "*.example.net",
        "web?",
        "10.0.0.*",
        "?",
        "[*]:2222",
        "[web]:*",
        "WEB",
        "*a*a*",
        "w*b",
      ),
    },
  );
  const names = fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .array(
          fc.tuple(fc.boolean(), pattern).map(([not, text]) => (not ? `!${text}` : text)),
          { minLength: 1, maxLength: 4 },
        )
        .map((list) => list.join(",")),
    },
    { weight: 1, arbitrary: name.map(hashed) },
  );
  const line = fc
    .tuple(
      fc.constantFrom("", "", "", "@revoked ", "@cert-authority "),
      names,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom("", " a comment"),
    )
    .map(([marker, hosts, seed, comment]) => `${marker}${hosts} ${ed25519(seed).text}${comment}`);
  const file = fc.array(
    fc.oneof({ weight: 8, arbitrary: line }, { weight: 1, arbitrary: fc.constantFrom("", "# web", "  ") }),
    { minLength: 2, maxLength: 12 },
  );

  test("the same lines speak about a host", () => {
    const cases = fc.sample(fc.tuple(file, name), { numRuns: 300, seed: 20_260_101 });
    let found = 0;
    for (const [lines, host] of cases) {
      const path = join(folder, "known_hosts");
      writeFileSync(path, `${lines.join("\n")}\n`);
      const { stdout } = spawnSync("ssh-keygen", ["-F", host, "-f", path], { encoding: "utf8" });
      const theirs = [...stdout.matchAll(/^# Host .* found: line (\d+)/gm)].map((match) => Number(match[1]));
      const ours = findKnownHost(parseKnownHosts(lines.join("\n")), host).map((entry) => entry.line);
      expect({ lines, host, found: ours }).toEqual({ lines, host, found: theirs });
      found += theirs.length;
    }
    // Cases in which nothing ever matched would prove nothing.
    expect(found).toBeGreaterThan(100);
    console.log(`PROMISE S3 known_hosts cases=${cases.length} matches=${found} differences=0 ok`);
  });

  test("hashed files of ssh-keygen -H are read", () => {
    const path = join(folder, "hashed");
    writeFileSync(path, `[web]:2222,10.0.0.1 ${ed25519(1).text}\n`);
    execFileSync("ssh-keygen", ["-H", "-f", path], { stdio: "ignore" });
    const lines = parseKnownHosts(execFileSync("cat", [path], { encoding: "utf8" }));
    expect(lines.every((entry) => entry.names.startsWith("|1|"))).toBe(true);
    expect(findKnownHost(lines, "[web]:2222")).toHaveLength(1);
    expect(findKnownHost(lines, "10.0.0.1")).toHaveLength(1);
    expect(findKnownHost(lines, "web")).toHaveLength(0);
  });
});
