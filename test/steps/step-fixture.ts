import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer, text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openStepOutput } from "../../src/archive/step-output.ts";
import { createLocalExecutor } from "../../src/executors/local.ts";
import { redactedWriter } from "../../src/engine/evidence-file.ts";
import { newId } from "../../src/platform/ids.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createRedaction, type Redaction } from "../../src/redaction/redaction.ts";
import type { Action, Step } from "../../src/runbooks/runbook.ts";
import type { AttemptResult, EvidenceFacts, EvidenceFile, StepContext } from "../../src/runs/step-context.ts";
import { attemptStep, type StepDependencies } from "../../src/steps/verbs.ts";
import { temporaryFolder } from "../archive/temporary-folder.ts";

export const LOCAL = { name: "local", address: "", port: 0, user: "", labels: {} };

/** A secret of the settings: nothing that is stored may hold it. */
export const KNOWN_SECRET = "correct-horse-battery-staple-9";

/** A step with real files, a real local executor, and a record of what it left behind. */
export interface StepBench {
  readonly folder: string;
  readonly problems: { path: string; message: string }[];
  readonly evidence: Map<string, EvidenceFacts>;
  readonly dependencies: StepDependencies;
  attempt(
    action: Action,
    changes?: { step?: Partial<Step>; context?: Partial<StepContext> },
  ): Promise<Attempted>;
  /** A committed file of the run. */
  read(path: string): Promise<string>;
  put(name: string, content: string | Uint8Array): Promise<string>;
  /** Every file of the run as it is stored, one after the other. */
  stored(): Promise<Buffer>;
  /** Puts a script on the PATH of the steps, before the programs of the machine. */
  install(name: string, script: string): Promise<void>;
  installed(name: string): Promise<string>;
}

export interface Attempted extends AttemptResult {
  readonly stdout: string;
  readonly stderr: string;
}

export async function stepBench(changes: Partial<StepDependencies> = {}): Promise<StepBench> {
  const folder = await temporaryFolder();
  const store = await openArtifactStore(join(folder, "store"));
  const readable = join(folder, "readable");
  const bin = join(folder, "bin");
  for (const each of [readable, bin]) await mkdir(each);
  const local = createLocalExecutor({
    workFolder: folder,
    lookUp: () => ({
      become: [],
      readable: [`${readable}/**`],
    }),
    environment: { PATH: `${bin}:/usr/local/bin:/usr/bin:/bin` },
  });
  onTestFinished(() => local.close());
  const runId = newId();
  const problems: StepBench["problems"] = [];
  const evidence: StepBench["evidence"] = new Map();
  const dependencies: StepDependencies = {
    executorFor: () => local,
    writableOn: () => [`${readable}/**`],
    prometheus: null,
    inventoryHosts: () => [],
    trust: null,
    notifiers: new Map(),
    ...changes,
  };
  const known = [{ name: "KNOWN", value: KNOWN_SECRET }];
  const redaction = createRedaction({ known, own: [], onRedacted: () => {} });
  let attempts = 0;
  const read = async (path: string) => text(await store.read(runId, path));
  return {
    folder: readable,
    problems,
    evidence,
    dependencies,
    read,
    async put(name, content) {
      await writeFile(join(readable, name), content);
      return join(readable, name);
    },
    async stored() {
      const files = await store.list(runId);
      return Buffer.concat(
        await Promise.all(files.map(async ({ path }) => buffer(await store.read(runId, path)))),
      );
    },
    install: (name, script) => writeFile(join(bin, name), script, { mode: 0o755 }),
    installed: (name) => readFile(join(bin, name), "utf8"),
    async attempt(action, { step = {}, context = {} } = {}) {
      attempts += 1;
      const output = openStepOutput(store, { runId, folder: "steps/01-x", attempt: attempts }, redaction);
      const result = await attemptStep(
        {
          step: { ...exampleStep(action), ...step } as Step,
          spec: action.spec,
          env: {},
          shown: null,
          host: LOCAL,
          run: {
            id: runId,
            url: "http://nightshift/runs/1",
            thread: "thread-1",
            isDryRun: false,
            dir: folder,
            causeStartedAtMs: null,
            createdAtMs: 0,
            changeStartedAtMs: null,
          },
          httpHosts: [],
          cookie: `${runId}:x:${attempts}`,
          clock: systemClock,
          timeoutMs: 5_000,
          signal: new AbortController().signal,
          output,
          createEvidence: (path) => createEvidence(store, runId, path, { evidence, redaction }),
          evidenceBytesLeft: async () => 1024 ** 3,
          whyEvidenceIsFull: () => "the run's bundle is full: raise limits.bundle_bytes",
          silence: async () => Promise.reject(new Error("there is no source")),
          annotate: async () => Promise.reject(new Error("there is no source")),
          recordProblem: (path, message) => problems.push({ path, message }),
          ...context,
        },
        dependencies,
      );
      const { stdout, stderr } = await output.finish();
      const logOf = async (path: string | undefined) => (path === undefined ? "" : read(path));
      return { ...result, stdout: await logOf(stdout.file?.path), stderr: await logOf(stderr.file?.path) };
    },
  };
}

async function createEvidence(
  store: ArtifactStore,
  runId: string,
  path: string,
  { evidence, redaction }: Pick<StepBench, "evidence"> & { readonly redaction: Redaction },
): Promise<EvidenceFile> {
  const writer = redactedWriter(await store.createFile(runId, path), redaction);
  return {
    write: (chunk) => writer.write(chunk),
    discard: () => writer.discard(),
    async commit(facts: EvidenceFacts = {}) {
      evidence.set((await writer.commit()).path, facts);
    },
  };
}

function exampleStep(action: Action): Step {
  return {
    id: "x",
    name: null,
    effect: "read",
    if: null,
    target: "local",
    env: {},
    become: null,
    timeoutMs: 5_000,
    retries: 0,
    delayMs: 0,
    until: null,
    failIf: null,
    continueOnError: false,
    isEvidence: false,
    outputs: new Map(),
    body: null,
    onInterrupt: "stop",
    retryOn: [],
    isCritical: false,
    preview: null,
    askOnFailure: null,
    line: 1,
    ...action,
  };
}
