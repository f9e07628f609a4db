import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { CatalogSource } from "../../src/catalog/catalog.ts";

/** A configuration folder of a test, removed with it. */
export interface ConfigFolder extends AsyncDisposable {
  readonly path: string;
  readonly source: CatalogSource;
  write(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
}

export async function createConfigFolder(files: Readonly<Record<string, string>>): Promise<ConfigFolder> {
  const path = await mkdtemp(join(tmpdir(), "nightshift-catalog-"));
  const folder: ConfigFolder = {
    path,
    source: {
      folder: path,
      rules: ["rules/*.yml"],
      runbooks: ["runbooks/*.yml"],
      hosts: ["hosts.yml"],
      notifierNames: ["oncall"],
      sourceNames: ["alertmanager"],
      intervals: new Map(),
    },
    async write(file, text) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), text);
    },
    async remove(file) {
      await rm(join(path, file), { recursive: true });
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
  for (const [file, text] of Object.entries(files)) await folder.write(file, text);
  return folder;
}

/** A good configuration: one rule, one runbook, two hosts. */
export const GOOD: Readonly<Record<string, string>> = {
  "hosts.yml": `hosts:
  - {name: web-1, address: 10.0.0.1, labels: {role: web}, become: [root]}
  - {name: frozen, address: 10.0.0.2, automation: off}
`,
  "runbooks/look.yml": `name: look
owner: team
inputs:
  host: {type: host}
  lines: {type: integer, default: 10}
steps:
  - {id: logs, target: "\${{ inputs.host }}", collect: {paths: [/var/log/*], max_size: 50MiB}}
`,
  "rules/10-slow.yml": `rules:
  - name: slow
    mode: auto
    matchers: ['alertname = "Slow"', 'instance != ""']
    runbook: look
    with: {host: "\${{ alert.labels.instance }}"}
    guards: {cooldown: 30m}
`,
};
