import { LIST_SCRIPT } from "./collect-scripts.ts";
import type { Candidate } from "./collect-selection.ts";
import { decodePath } from "./collect-path.ts";
import type { Glob } from "./globs.ts";
import { type Collection, runScript } from "./remote-script.ts";

/** A listing larger than this is cut: its globs match more than anybody wants to gather. */
const LISTING_BYTES_MAX = 32 * 1024 * 1024;
/** Asks the host what the globs match. */
export async function listCandidates(
  collection: Collection,
  globs: readonly Glob[],
): Promise<readonly Candidate[]> {
  const { request, problems, host } = collection;
  const minutes =
    request.changedSinceMs === null ? null : Math.ceil((Date.now() - request.changedSinceMs) / 60_000) + 1;
  const values = [
    minutes === null ? "" : `-mmin -${Math.max(1, minutes)}`,
    ...globs.flatMap((glob) => [
      glob.base,
      glob.depth === null ? "**" : String(glob.depth),
      glob.findPattern,
    ]),
  ];
  const chunks: Buffer[] = [];
  let bytes = 0;
  const said = await runScript(collection, { script: LIST_SCRIPT, values, mark: null }, async (queue) => {
    for (let chunk = await queue.next(); chunk !== null; chunk = await queue.next()) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > LISTING_BYTES_MAX) {
        problems.add("", "too-many", `the paths match too much on ${host.name}: the rest is left out`);
        return;
      }
    }
  });
  // `find` names the folders that it could not enter, and bases that are not there: the latter become `no-match`.
  for (const line of said.split("\n").filter((text) => /permission denied/i.test(text)))
    problems.add("", "not-readable", `${host.name}: ${line.slice(0, 300)}`);
  return parseListing(Buffer.concat(chunks), globs);
}

function parseListing(text: Buffer, globs: readonly Glob[]): readonly Candidate[] {
  const candidates: Candidate[] = [];
  const fields: Buffer[] = [];
  for (let start = 0, end = text.indexOf(0); end !== -1; start = end + 1, end = text.indexOf(0, start)) {
    fields.push(text.subarray(start, end));
    if (fields.length < 4) continue;
    const [globIndex = "", kind = "", path = "", resolved = ""] = fields.map(decodePath);
    fields.length = 0;
    const isFolder = kind === "folder";
    if (isFolder && globs[Number(globIndex)]?.depth !== 0) continue;
    candidates.push({
      globIndex: Number(globIndex),
      kind: kind === "file" || kind === "missing" ? kind : "other",
      path,
      resolved,
    });
  }
  return candidates;
}
