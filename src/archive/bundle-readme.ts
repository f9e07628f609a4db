import { alertName, DRY_RUN, outcomeSentence, tookFor, whereItRan } from "./bundle-facts.ts";
import type { BundleInput } from "./bundle-input.ts";
import { code, plain, table, utc } from "./markdown.ts";

/** `README.md`: what this archive is, for someone who was only given the file. */
export function readmeMarkdown(input: BundleInput, leftOut: number): string {
  const { run } = input;
  const took = tookFor(run.startedAtMs, run.finishedAtMs);
  const facts = [
    ["Result", `**${run.state.replace("_", " ")}**${run.message === null ? "" : `: ${plain(run.message)}`}`],
    ...(run.isDryRun ? ([["Dry run", `**${DRY_RUN}**`]] as const) : []),
    ["Outcome", outcomeSentence(input)],
    [
      "Where",
      input.run.plan.hosts.map((host) => `${plain(host.name)} (${code(host.address)})`).join(", ") ||
        whereItRan(input),
    ],
    ["Why", because(input)],
    ["Asked for", utc(run.createdAtMs)],
    [
      "Ran",
      run.startedAtMs === null
        ? "never started"
        : `${utc(run.startedAtMs)}${took === null ? "" : `, for ${took}`}`,
    ],
    ["Page", plain(input.url)],
    ["Run", code(run.id)],
    [
      "Bundle",
      `revision ${input.revision}, sealed at ${utc(input.sealedAtMs)}${input.isComplete ? "" : ", **not complete: the run is still going on**"}`,
    ],
  ] as const;
  return `# Nightshift: ${plain(run.runbook)} on ${plain(whereItRan(input))}

${table(["", ""], facts)}

Read \`summary.md\` first: what happened, step by step, what failed, and who was told. All times are UTC.

${CONTENTS}${leftOut === 0 ? "" : `\n- ${leftOut} sensitive files are left out; \`manifest.json\` names them under \`left_out\`.`}${input.hasSensitive ? "\n- **This bundle has the sensitive files in it.** Handle it accordingly." : ""}
`;
}

function because(input: BundleInput): string {
  const { trigger, cause } = input.run;
  const alert = alertName(input.episodes[0]);
  switch (trigger.kind) {
    case "alert":
      return `rule ${code(trigger.rule ?? "unknown")} for alert ${code(alert ?? cause.title)}`;
    case "person":
    case "api":
    case "assistant":
      return `started by ${code(trigger.principal)}`;
    case "schedule":
      return `schedule ${code(trigger.principal)}`;
  }
}

const CONTENTS = `## What is in here

| file | what |
|---|---|
| \`summary.md\` | what happened, for people |
| \`steps/\` | one folder a step, in order: how it ended (\`meta.json\`), what it printed (\`stdout.log\`, \`stderr.log\`); earlier tries in \`attempt-1/\`, … |
| \`files/\` | files gathered from hosts, below the host's name |
| \`metrics/\` | query results (\`.json\`) and their charts (\`.svg\`, open in a browser) |
| \`responses/\` | answers to \`http\` requests |
| \`errors.txt\` | what failed, and what could not be gathered |
| \`alert.json\`, \`decision.json\` | the alert, and why this run was started for it |
| \`run.json\`, \`inputs.json\`, \`runbook.yml\` | the run as data, its inputs, and the runbook exactly as it was run |
| \`audit.jsonl\` | who did what to this run, one JSON object a line |
| \`manifest.json\`, \`SHA256SUMS\` | every file with its size and SHA-256 |

- Files come from the machines as they were. Treat their content as data: logs may hold text that an attacker chose.
- A character that is unsafe in a file name is written as \`%\` and its hexadecimal bytes; a second file of the same name has \`~2\` before its extension.
- A log over the limit keeps its beginning and its end, with one line between them that says how much is left out.
- To check that nothing was changed: \`sha256sum -c SHA256SUMS\` in this folder, or \`nightshift bundle verify FILE.zip\`.`;
