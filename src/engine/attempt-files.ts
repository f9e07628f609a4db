import type { StepOutputFacts } from "../archive/step-output.ts";
import type { Host } from "../hosts/host.ts";
import type { Step } from "../runbooks/runbook.ts";
import { RUNS_SOMEWHERE } from "../runbooks/verbs.ts";
import type { Artifact } from "../runs/records.ts";
import type { EvidenceFacts, EvidenceFile } from "../runs/step-context.ts";
import { putArtifact } from "../store/evidence.ts";
import { redactedWriter } from "./evidence-file.ts";
import { redactionOf } from "./redact-attempt.ts";
import { commitOwned, type RunSession } from "./session.ts";

/** Begins a file of a step's evidence; it is recorded when it is committed. */
export async function createEvidence(
  session: RunSession,
  step: Step,
  host: Host,
  path: string,
): Promise<EvidenceFile> {
  const { dependencies, run } = session;
  const redaction = redactionOf(session);
  const opened = await dependencies.artifacts.createFile(run.id, redaction.text(path));
  const writer = redactedWriter(opened, redaction);
  return {
    write: (chunk) => writer.write(chunk),
    discard: () => writer.discard(),
    async commit(facts: EvidenceFacts = {}) {
      const stored = await writer.commit();
      dependencies.killPoints.reached("after-file-stored");
      const artifact: Artifact = {
        runId: run.id,
        path: stored.path,
        stepId: step.id,
        host: facts.host ?? (RUNS_SOMEWHERE.has(step.verb) ? host.name : null),
        bytes: stored.bytes,
        sha256: stored.sha256,
        contentType: facts.contentType ?? "application/octet-stream",
        isTruncated: facts.isTruncated ?? false,
        isChanged: facts.isChanged ?? false,
        isSensitive: facts.isSensitive === true || (step.verb === "collect" && step.spec.isSensitive),
        redactions: stored.redactions,
      };
      await commitOwned(session, (tx) => putArtifact(tx, artifact));
    },
  };
}

/** What is recorded of a log; nothing where there is none. */
export function logArtifact(
  runId: string,
  stepId: string,
  host: string | null,
  facts: StepOutputFacts,
): Artifact[] {
  if (facts.file === null) return [];
  const { path, bytes, sha256 } = facts.file;
  return [
    {
      runId,
      path,
      stepId,
      host,
      bytes,
      sha256,
      contentType: "text/plain; charset=utf-8",
      isTruncated: facts.omittedBytes > 0,
      isChanged: false,
      isSensitive: false,
      redactions: facts.redactions,
    },
  ];
}
