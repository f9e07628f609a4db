// What is fetched afterwards: bundles, single files, the pages that links lead to.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { rmSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { App } from "../../src/app.ts";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { putArtifact } from "../../src/store/evidence.ts";
import { isOver, listRuns, postAlerts } from "../support/alerts.ts";
import { createServiceFolder, type ServiceFolder, startService } from "../support/service.ts";
import { waitFor } from "../support/wait.ts";

const MARKUP = `<img src=x onerror=alert(1)>"'&</title><script>alert(2)</script>`;
const HOSTILE = `${MARKUP}\u202e\u001b[31m`;
const LABELS = { alertname: `Slow ${HOSTILE}`, service: MARKUP, instance: "javascript:alert(3)" };
const RULE = `
rules:
  - name: slow
    mode: auto
    matchers: ['service != ""']
    runbook: look
    with: {words: "\${{ alert.labels.service }}"}
`;
const RUNBOOK = `
name: look
inputs: {words: {type: string}}
target: local
steps:
  - {id: look, effect: read, command: [printf, "%s", "\${{ inputs.words }}"], outputs: {words: stdout}}
summary: '\${{ steps.look.outputs.?words.orValue("nothing") }}'
`;
/** Files as machines name them, with what they hold. */
const FILES: readonly { name: string; type: string; content: string; isAttachment: boolean }[] = [
  {
    name: "files/web-1/page.html",
    type: "text/html",
    content: "<script>alert(4)</script>",
    isAttachment: true,
  },
  {
    name: "files/web-1/chart.svg",
    type: "image/svg+xml",
    content: "<svg onload='alert(5)'/>",
    isAttachment: true,
  },
  { name: "files/web-1/plain.log", type: "text/plain", content: "0123456789", isAttachment: false },
  { name: "files/web-1/empty", type: "text/plain", content: "", isAttachment: false },
  {
    name: `files/web-1/a b+c%2f..%2f\r\nX-Injected: 1"';${HOSTILE}.log`,
    type: "application/octet-stream",
    content: "x",
    isAttachment: true,
  },
  { name: "files/web-1/日本語 🔥.txt", type: "text/plain", content: "ü", isAttachment: false },
  { name: "files/web-1/-rf", type: "text/plain", content: "y", isAttachment: false },
  { name: "files/web-1/../../../../etc/passwd", type: "text/plain", content: "z", isAttachment: false },
];

const open: { app?: App; at?: ServiceFolder; runId: string; fingerprint: string; paths: string[] } = {
  runId: "",
  fingerprint: "",
  paths: [],
};
beforeAll(async () => {
  open.at = createServiceFolder({ "rules/slow.yml": RULE, "runbooks/look.yml": RUNBOOK });
  const app = (open.app = await startService(open.at));
  await postAlerts(app.url, [
    { labels: LABELS, annotations: { [`summary${HOSTILE}`]: HOSTILE, summary: HOSTILE } },
  ]);
  const run = await waitFor("a sealed run", async () =>
    (await listRuns(app.url)).find((each) => isOver(each) && each.bundle !== null),
  );
  open.runId = run.id;
  const episode = await app.store.reader
    .selectFrom("episode")
    .select("fingerprint")
    .executeTakeFirstOrThrow();
  open.fingerprint = episode.fingerprint;
  const artifacts = await openArtifactStore(join(open.at.storagePath, "archive"));
  for (const { name, type, content } of FILES) {
    const file = await artifacts.createFile(run.id, name);
    if (content !== "") await file.write(Buffer.from(content));
    const { path, bytes, sha256 } = await file.commit();
    open.paths.push(path);
    const facts = {
      runId: run.id,
      path,
      stepId: null,
      host: null,
      bytes,
      sha256,
      contentType: type,
      isTruncated: false,
      isChanged: false,
      isSensitive: false,
      redactions: null,
    };
    await app.store.transaction((tx) => putArtifact(tx, facts));
  }
});
afterAll(async () => {
  await open.app?.stop();
  open.at?.remove();
});

function get(
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Response> {
  return fetch(`${open.app?.url ?? ""}${path}`, { headers, method, redirect: "manual" });
}
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const bundlePath = (format: string) => `/api/v1/runs/${open.runId}/bundle.${format}`;
const artifactPath = (path: string) =>
  `/api/v1/runs/${open.runId}/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`;

describe.each(["zip", "tar.gz"])("the bundle as %s", (format) => {
  test("is sent whole, named and with a tag that stays", async () => {
    const response = await get(bundlePath(format));
    const bytes = await bytesOf(response);
    expect(response.status).toBe(200);
    expect(Number(response.headers.get("content-length"))).toBe(bytes.byteLength);
    expect(response.headers.get("content-disposition")).toMatch(
      new RegExp(
        `^attachment; filename="nightshift-[\\w.-]+\\.${format}"; filename\\*=UTF-8''nightshift-[\\w.-]+\\.${format}$`,
      ),
    );
    const again = await get(bundlePath(format));
    expect(again.headers.get("etag")).toBe(response.headers.get("etag"));
    expect(await bytesOf(again)).toEqual(bytes);
  });

  test("is not sent again to who has it", async () => {
    const etag = (await get(bundlePath(format), {}, "HEAD")).headers.get("etag") ?? "";
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await get(bundlePath(format), { "if-none-match": known });
      expect([known, response.status, (await bytesOf(response)).byteLength]).toEqual([known, 304, 0]);
    }
    expect((await get(bundlePath(format), { "if-none-match": '"other"' })).status).toBe(200);
  });

  test("is sent in ranges, so that a broken download can go on", async () => {
    const whole = await bytesOf(await get(bundlePath(format)));
    const etag = (await get(bundlePath(format), {}, "HEAD")).headers.get("etag") ?? "";
    const size = whole.byteLength;
    const ranges: readonly [string, number, number][] = [
      ["bytes=0-99", 0, 100],
      ["bytes=100-", 100, size],
      ["bytes=-10", size - 10, size],
      [`bytes=0-${size * 2}`, 0, size],
      [`bytes=-${size * 2}`, 0, size],
      [`bytes=${size - 1}-`, size - 1, size],
    ];
    for (const [range, from, to] of ranges) {
      const response = await get(bundlePath(format), { range, "if-range": etag });
      expect([range, response.status, response.headers.get("content-range")]).toEqual([
        range,
        206,
        `bytes ${from}-${to - 1}/${size}`,
      ]);
      expect(await bytesOf(response)).toEqual(whole.subarray(from, to));
    }
  });

  test("is sent whole to who resumes another one, or asks for what is no range", async () => {
    const size = (await bytesOf(await get(bundlePath(format)))).byteLength;
    const asked: Record<string, string>[] = [
      { range: "bytes=5-9", "if-range": '"other"' },
      { range: "bytes=5-9", "if-range": "Mon, 23 Nov 2026 00:00:00 GMT" },
      { range: "bytes=0-1,4-5" },
      { range: "lines=1-2" },
      { range: "bytes=-" },
      { range: "bytes=a-b" },
    ];
    for (const headers of asked) {
      const response = await get(bundlePath(format), headers);
      expect([headers, response.status, (await bytesOf(response)).byteLength]).toEqual([headers, 200, size]);
    }
  });

  test("says 416 and its size where there is nothing of it", async () => {
    const size = (await bytesOf(await get(bundlePath(format)))).byteLength;
    for (const range of [`bytes=${size}-`, "bytes=-0", "bytes=9-3", "bytes=99999999999999999999-"]) {
      const response = await get(bundlePath(format), { range });
      expect([range, response.status, response.headers.get("content-range")]).toEqual([
        range,
        416,
        `bytes */${size}`,
      ]);
      expect(response.headers.get("content-disposition")).toBe(null);
      expect(await response.json()).toMatchObject({ status: 416 });
    }
  });

  test("HEAD says the same without the bytes, also of a range", async () => {
    const got = await get(bundlePath(format));
    const size = (await bytesOf(got)).byteLength;
    for (const headers of [{}, { range: "bytes=0-9" }]) {
      const response = await get(bundlePath(format), headers, "HEAD");
      expect([response.status, response.headers.get("content-length")]).toEqual([200, String(size)]);
      expect(response.headers.get("etag")).toBe(got.headers.get("etag"));
      expect((await bytesOf(response)).byteLength).toBe(0);
    }
  });

  test("of a run that is not known is 404", async () => {
    for (const id of ["01a206a2-769c-7002-b194-a42a9820b44e", "x", "..%2f.."])
      expect((await get(`/api/v1/runs/${id}/bundle.${format}`)).status).toBe(404);
  });
});

describe("what the bundle is", () => {
  test("the zip's tag and digest are its SHA-256, the same as in the API", async () => {
    const response = await get(bundlePath("zip"));
    const bytes = await bytesOf(response);
    expect(response.headers.get("etag")).toBe(`"${sha256(bytes)}"`);
    const digest = createHash("sha256").update(bytes).digest("base64");
    expect(response.headers.get("repr-digest")).toBe(`sha-256=:${digest}:`);
    const [run] = await listRuns(open.app?.url ?? "");
    expect(run?.bundle?.sha256).toBe(sha256(bytes));
  });

  test("the tar.gz is one", async () => {
    const bytes = await bytesOf(await get(bundlePath("tar.gz")));
    expect(gunzipSync(bytes).subarray(257, 262).toString()).toBe("ustar");
  });
});

describe("files of a run", () => {
  test.each(FILES.map((file, index) => ({ ...file, index })))(
    "$type $index",
    async ({ index, content, type, isAttachment }) => {
      const path = open.paths[index] ?? "";
      const response = await get(artifactPath(path));
      expect([path, response.status, await response.text()]).toEqual([path, 200, content]);
      expect(response.headers.get("content-type")).toContain(type);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-security-policy")).toMatch(/^sandbox; default-src 'none'/);
      expect(response.headers.get("x-injected")).toBe(null);
      const disposition = response.headers.get("content-disposition") ?? "";
      expect(disposition.startsWith(isAttachment ? "attachment; " : "inline; ")).toBe(true);
      const parts = /filename="([\w.-]*)"; filename\*=UTF-8''([\w.!%$&+^`|~#-]*)$/.exec(disposition);
      expect(decodeURIComponent(parts?.[2] ?? "")).toBe(path.split("/").at(-1));
    },
  );

  test("are listed with links that work", async () => {
    const list = (await (await get(`/api/v1/runs/${open.runId}/artifacts`)).json()) as {
      items: { path: string; url: string; sha256: string }[];
    };
    const listed = list.items.filter((item) => open.paths.includes(item.path));
    expect(listed.map((item) => item.path).sort()).toEqual(open.paths.toSorted());
    for (const item of listed) {
      const response = await get(new URL(item.url).pathname);
      expect(sha256(await bytesOf(response))).toBe(item.sha256);
    }
  });

  test.each([
    "..%2f..%2frun.json",
    "%2e%2e/run.json",
    "....//",
    "%00",
    "files",
    "files/web-1/%ff",
    "files%2fweb-1%2fnothing",
  ])("%s is none of them", async (path) => {
    expect([400, 404]).toContain((await get(`/api/v1/runs/${open.runId}/artifacts/${path}`)).status);
  });

  test("one that is no longer kept is 404, and does not look like the file", async () => {
    const index = FILES.findIndex((file) => file.name.endsWith("plain.log"));
    const path = open.paths[index] ?? "";
    rmSync(join(open.at?.storagePath ?? "", "archive", "runs", open.runId, path));
    const response = await get(artifactPath(path));
    expect([
      response.status,
      response.headers.get("content-disposition"),
      response.headers.get("etag"),
    ]).toEqual([404, null, null]);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
  });
});

describe("pages", () => {
  const TAGS =
    /^(html|head|meta|title|style|body|header|main|strong|small|code|a|p|h1|h2|dl|dt|dd|table|thead|tbody|tr|th|td|pre|br)$/;
  const ATTRIBUTES = /^(?:\s(?:lang|charset|name|content|class)="[^"<>]*"|\shref="\/[^"<>]*")*$/;
  /** The one picture that a page has. */
  const ICON = '<img src="/ui/icon.svg" alt="" width="22" height="22">';
  /** What a browser would take for an element, an attribute or a link that no page has. */
  const dangersIn = (text: string) =>
    [...text.replace(ICON, "").matchAll(/<(?!!doctype html>)\/?([^\s>]*)([^>]*)>?/g)]
      .filter(([, name = "", attributes = ""]) => !TAGS.test(name) || !ATTRIBUTES.test(attributes))
      .map(([tag]) => tag);

  const pages: readonly [string, () => string, number][] = [
    ["an alert that was never received", () => "/a/0123456789abcdef", 404],
    ["an alert with a hostile name", () => `/a/${encodeURIComponent(HOSTILE)}`, 404],
  ];
  test.each(pages)("%s has no script, whatever its alert says", async (_name, path, status) => {
    const response = await get(path(), { accept: "text/html" });
    const text = await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toMatch(/^text\/html/);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'/);
    expect(policy).not.toMatch(/script-src|unsafe/);
    expect(dangersIn(text)).toEqual([]);
    const style = /<style>([\s\S]*?)<\/style>/.exec(text)?.[1] ?? "";
    expect(policy).toContain(createHash("sha256").update(style).digest("base64"));
    // What was asked for is there, as text.
    expect(text.includes("&lt;img src=x onerror=alert(1)&gt;")).toBe(!path().includes("0123456789abcdef"));
  });

  test("an alert's link leads to the page of its newest episode", async () => {
    for (const fingerprint of [open.fingerprint, open.fingerprint.toUpperCase()]) {
      const response = await get(`/a/${fingerprint}`, { accept: "text/html" });
      expect([response.status, response.headers.get("location")]).toEqual([
        303,
        expect.stringMatching(/^\/alerts\/[0-9a-f-]{36}$/),
      ]);
    }
  });

  test("the check above would see a script", () => {
    for (const text of [
      HOSTILE,
      "<p onclick=x>",
      '<a href="javascript:alert(1)">',
      "<script",
      "<p style='x'>",
    ])
      expect(dangersIn(text)).not.toEqual([]);
  });

  test("an alert's link is JSON for programs", async () => {
    const response = await get(`/a/${open.fingerprint}`, { accept: "application/json" });
    expect(await response.json()).toMatchObject({
      fingerprint: open.fingerprint,
      status: "firing",
      labels: LABELS,
      runs: [open.runId],
      decisions: [{ kind: "started", rule: "slow", reason: null, run: open.runId }],
    });
  });

  test("an alert that was never received is 404, with a sentence that helps", async () => {
    const sentence =
      /No alert with this fingerprint was received\. Does its Alertmanager or Grafana deliver here/;
    const page = await get("/a/0123456789abcdef", { accept: "text/html" });
    expect([page.status, await page.text()]).toEqual([404, expect.stringMatching(sentence)]);
    const json = await get("/a/0123456789abcdef", { accept: "application/json" });
    expect([json.status, await json.json()]).toEqual([
      404,
      { fingerprint: "0123456789abcdef", status: null, detail: expect.stringMatching(sentence) as unknown },
    ]);
  });

  test("a label named __proto__ is a label in JSON too", async () => {
    const labels = JSON.parse('{"__proto__": "a", "constructor": "b", "alertname": "Proto"}') as Record<
      string,
      string
    >;
    await postAlerts(open.app?.url ?? "", [{ labels }]);
    const list = await (await get("/api/v1/alerts?limit=1")).text();
    expect(list).toContain('"__proto__":"a"');
    expect(list).toContain('"constructor":"b"');
  });
});
