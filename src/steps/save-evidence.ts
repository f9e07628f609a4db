import { NoRoomError } from "../platform/no-room.ts";
import type { EvidenceFacts, StepContext } from "../runs/step-context.ts";

/**
 * Adds one whole file to the run's evidence. Where there is no room for it that is a recorded problem, unless the step is
 * critical. Rejects when it could not be written, and leaves nothing of it then.
 */
export async function saveEvidence(
  context: StepContext,
  path: string,
  content: Uint8Array,
  facts: EvidenceFacts,
): Promise<void> {
  try {
    await writeEvidence(context, path, content, facts);
  } catch (error) {
    if (!(error instanceof NoRoomError) || context.step.isCritical) throw error;
    context.recordProblem(path, `was left out: ${error.message}`);
  }
}

async function writeEvidence(
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
