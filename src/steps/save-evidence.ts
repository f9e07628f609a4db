import type { EvidenceFacts, StepContext } from "../runs/step-context.ts";

/** Adds one whole file to the run's evidence. Rejects when it could not be written, and leaves nothing of it then. */
export async function saveEvidence(
  context: StepContext,
  path: string,
  content: Uint8Array,
  facts: EvidenceFacts,
): Promise<void> {
  const file = await context.createEvidence(path);
  try {
    await file.write(content);
    await file.commit(facts);
  } catch (error) {
    await file.discard();
    throw error;
  }
}
