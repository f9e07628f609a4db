import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { openArtifactStore } from "../../src/archive/artifact-store.ts";
import { openStepOutput, recoverStepOutput } from "../../src/archive/step-output.ts";
import { newId } from "../../src/platform/ids.ts";
import { createRedaction } from "../../src/redaction/redaction.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const NO_SECRETS = createRedaction({ known: [], own: [], onRedacted: () => {} });

async function open() {
  const store = await openArtifactStore(await temporaryFolder());
  return { store, place: { runId: newId(), folder: "steps/01-x", attempt: 2 } };
}

test("stores each stream under its attempt", async () => {
  const { store, place } = await open();
  const output = openStepOutput(store, place, NO_SECRETS);
  output.stdout.write(Buffer.from("out"));
  output.stderr.write(Buffer.from("err"));
  const { stdout, stderr } = await output.finish();
  expect([stdout.file?.path, stderr.file?.path]).toEqual([
    "steps/01-x/attempt-2/stdout.log",
    "steps/01-x/attempt-2/stderr.log",
  ]);
  expect(await text(await store.read(place.runId, "steps/01-x/attempt-2/stderr.log"))).toBe("err");
});

test("expressions see the first 64 KiB of stdout, without half a character at its end", async () => {
  const { store, place } = await open();
  const output = openStepOutput(store, place, NO_SECRETS);
  expect(output.stdoutText()).toBe("");
  output.stdout.write(Buffer.from("x"));
  for (let count = 0; count < 100; count += 1) output.stdout.write(Buffer.from("é".repeat(1_000)));
  expect(output.stdoutText()).toBe(`x${"é".repeat(32 * 1024 - 1)}`);
  await output.finish();
});

test("the chunk that was written may be used again by its writer", async () => {
  const { store, place } = await open();
  const output = openStepOutput(store, place, NO_SECRETS);
  const chunk = Buffer.from("first");
  output.stdout.write(chunk);
  chunk.write("XXXXX");
  const { stdout } = await output.finish();
  expect(output.stdoutText()).toBe("first");
  expect(await text(await store.read(place.runId, stdout.file?.path ?? ""))).toBe("first");
});

test("what a killed process had written is stored at the next start, once", async () => {
  const { store, place } = await open();
  const killed = openStepOutput(store, place, NO_SECRETS);
  killed.stderr.write(Buffer.from("about to change something\n"));
  await expect
    .poll(async () => (await killed.readLive("stderr", { offset: 0 }, 100)).content.length)
    .toBeGreaterThan(0);

  const recovered = await recoverStepOutput(store, place);
  expect(recovered.stdout).toBeNull();
  expect(await text(await store.read(place.runId, recovered.stderr?.file?.path ?? ""))).toBe(
    "about to change something\n",
  );
  expect(await recoverStepOutput(store, place)).toEqual({ stdout: null, stderr: null });
});
