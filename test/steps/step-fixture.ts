import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { type ArtifactStore, openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openStepOutput } from "../../src/archive/step-output.ts";
import { createLocalExecutor } from "../../src/executors/local.ts";
import { newId } from "../../src/platform/ids.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Action, Step } from "../../src/runbooks/runbook.ts";
import type { AttemptResult, EvidenceFacts, StepContext } from "../../src/runs/step-context.ts";
import { attemptStep, type StepDependencies } from "../../src/steps/verbs.ts";
import { temporaryFolder } from "../archive/temporary-folder.ts";

export const LOCAL = { name: "local", address: "", port: 0, user: "", labels: {} };

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
}

export interface Attempted extends AttemptResult {
  readonly stdout: string;
  readonly stderr: string;
}

export async function stepBench(changes: Partial<StepDependencies> = {}): Promise<StepBench> {
  const folder = await temporaryFolder();
  const store = await openArtifactStore(join(folder, "store"));
  const readable = join(folder, "readable");
  await mkdir(readable);
  const local = createLocalExecutor({
    workFolder: folder,
    lookUp: () => ({
      access: { knownHostsFile: null, keyFile: null },
      become: [],
      readable: [`${readable}/**`],
    }),
  });
  onTestFinished(() => local.close());
  const runId = newId();
  const problems: StepBench["problems"] = [];
  const evidence: StepBench["evidence"] = new Map();
  const dependencies: StepDependencies = {
    executorFor: () => local,
    prometheus: null,
    inventoryHosts: () => [],
    notifiers: new Map(),
    ...changes,
  };
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
    async attempt(action, { step = {}, context = {} } = {}) {
      attempts += 1;
      const output = openStepOutput(store, { runId, folder: "steps/01-x", attempt: attempts });
      const result = await attemptStep(
        {
          step: { ...exampleStep(action), ...step } as Step,
          spec: action.spec,
          env: {},
          host: LOCAL,
          run: {
            id: runId,
            url: "http://nightshift/runs/1",
            dir: folder,
            causeStartedAtMs: null,
            createdAtMs: 0,
          },
          httpHosts: [],
          cookie: `${runId}:x:${attempts}`,
          clock: systemClock,
          timeoutMs: 5_000,
          signal: new AbortController().signal,
          output,
          createEvidence: (path) => createEvidence(store, runId, path, evidence),
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
  evidence: StepBench["evidence"],
) {
  const writer = await store.createFile(runId, path);
  return {
    write: (chunk: Uint8Array) => writer.write(chunk),
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
    line: 1,
    ...action,
  };
}
