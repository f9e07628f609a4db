import { createReadStream } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { KnownSecrets } from "../known-secrets.ts";
import { formatProblem } from "../platform/problems.ts";
import { readSecrets } from "../read-secrets.ts";
import { openRedactedFile } from "../redaction/redacted-file.ts";
import { createRedaction, type Redaction } from "../redaction/redaction.ts";
import { createSecretReaders, loadSettings, type Settings } from "../settings/load.ts";
import { compileRedactPatterns } from "../settings/redact-patterns.ts";
import type { CommandOutput } from "./output.ts";

export interface RedactOptions {
  readonly file: string;
  readonly configFile: string | null;
}

/** More lines than this are counted and not named. */
const LINES_SHOWN_MAX = 20;

/**
 * Prints a file as it would be stored, and on stderr what was replaced and where. Reads the settings' secrets for runbooks, and says
 * which of them it could not read. Resolves with the exit code: 0, or 2 when the settings are wrong.
 */
export async function redactCommand(
  options: RedactOptions,
  programFolder: string,
  output: CommandOutput,
): Promise<number> {
  const flags = { configFile: options.configFile, listenAddress: null, externalUrl: null, storagePath: null };
  const loaded = await loadSettings(flags, programFolder);
  for (const problem of loaded.problems) output.stderr.write(`${formatProblem(problem)}\n`);
  if (!loaded.ok) return 2;
  const redaction = await openRedaction(loaded.settings, output);
  const lines = new Map<string, number[]>();
  const decoder = new StringDecoder("utf8");
  const found = (name: string, line: number) => {
    const known = lines.get(name);
    if (known === undefined) lines.set(name, [line]);
    else known.push(line);
  };
  const file = openRedactedFile(
    { ...redaction, open: (stream) => redaction.open({ ...stream, onFinding: found }) },
    (part) => output.stdout.write(decoder.write(Buffer.from(part))),
  );
  for await (const chunk of createReadStream(options.file)) file.push(chunk as Buffer);
  file.end();
  output.stdout.write(decoder.end());
  output.stderr.write(
    file.redactions === null ? "a binary file: nothing is replaced in it\n" : report(lines),
  );
  return 0;
}

async function openRedaction(settings: Settings, output: CommandOutput): Promise<Redaction> {
  const known = new KnownSecrets();
  const secrets = await readSecrets(settings, createSecretReaders(settings.folder), known);
  for (const [name, secret] of secrets) {
    if (secret.kind === "unreadable")
      output.stderr.write(`not looked for: the secret ${name}: ${secret.message}\n`);
  }
  const own = compileRedactPatterns(settings.redact);
  return createRedaction({ known: known.list(), own, onRedacted: () => {} });
}

function report(lines: ReadonlyMap<string, readonly number[]>): string {
  if (lines.size === 0) return "nothing was replaced\n";
  const sorted = [...lines].sort(([left], [right]) => (left < right ? -1 : 1));
  return sorted
    .map(([name, found]) => {
      const distinct = [...new Set(found)];
      const shown = distinct.slice(0, LINES_SHOWN_MAX).join(", ");
      const more = distinct.length > LINES_SHOWN_MAX ? ` and ${distinct.length - LINES_SHOWN_MAX} more` : "";
      return `${name}: ${found.length} (line${distinct.length === 1 ? "" : "s"} ${shown}${more})\n`;
    })
    .join("");
}
