import { bundleEntries } from "../archive/open-bundle.ts";
import { digestEntry } from "../archive/verify-bundle.ts";
import { type BundleFlags, withFiles } from "./bundle.ts";
import { printable } from "./client/text.ts";
import { lineDiff } from "../platform/line-diff.ts";
import type { CommandOutput } from "./output.ts";

/** Larger files are only said to differ. */
const TEXT_BYTES_MAX = 64 * 1024;

interface Content {
  readonly size: number;
  readonly sha256: string;
  /** Null when it is large, or no text. */
  readonly text: string | null;
}

/** A file that both bundles have, with other content. */
interface Change {
  readonly path: string;
  readonly first: Pick<Content, "size" | "sha256">;
  readonly second: Pick<Content, "size" | "sha256">;
  /** Null when one of them is large, or no text. */
  readonly diff: string | null;
}

/** What differs between two bundles, whatever their formats and their folders' names. Exit code 0 when nothing does, else 1. */
export function bundleDiffCommand(
  first: string,
  second: string,
  flags: BundleFlags,
  output: CommandOutput,
): Promise<number> {
  return withFiles([first, second], output, async () => {
    const [left, right] = [await readContents(first), await readContents(second)];
    const onlyInFirst = [...left.keys()].filter((path) => !right.has(path)).sort();
    const onlyInSecond = [...right.keys()].filter((path) => !left.has(path)).sort();
    const changed = changesOf(left, right);
    if (flags.format === "json") {
      const answer = { only_in_first: onlyInFirst, only_in_second: onlyInSecond, changed };
      output.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
    } else {
      for (const path of onlyInFirst) output.stdout.write(`only in ${first}: ${printable(path)}\n`);
      for (const path of onlyInSecond) output.stdout.write(`only in ${second}: ${printable(path)}\n`);
      for (const change of changed) output.stdout.write(changeText(change));
    }
    return onlyInFirst.length + onlyInSecond.length + changed.length === 0 ? 0 : 1;
  });
}

async function readContents(file: string): Promise<Map<string, Content>> {
  const contents = new Map<string, Content>();
  for await (const entry of bundleEntries(file)) {
    const { sha256, size, text } = await digestEntry(entry, entry.size <= TEXT_BYTES_MAX);
    contents.set(entry.path, { sha256, size, text: text !== null && isText(text) ? text : null });
  }
  return contents;
}

/** Bytes that are no UTF-8 have become replacement characters. */
function isText(text: string): boolean {
  return !text.includes("\0") && !text.includes("\ufffd");
}

function changesOf(left: ReadonlyMap<string, Content>, right: ReadonlyMap<string, Content>): Change[] {
  const changes: Change[] = [];
  for (const [path, before] of left) {
    const after = right.get(path);
    if (after === undefined || after.sha256 === before.sha256) continue;
    const diff = before.text === null || after.text === null ? null : lineDiff(before.text, after.text);
    const facts = ({ size, sha256 }: Content) => ({ size, sha256 });
    changes.push({ path, first: facts(before), second: facts(after), diff });
  }
  return changes.sort((one, other) => (one.path < other.path ? -1 : 1));
}

function changeText({ path, first, second, diff }: Change): string {
  const head = `changed: ${printable(path)} (${first.size} bytes, then ${second.size})\n`;
  if (diff === null) return head;
  const lines = diff.split("\n").slice(0, -1);
  return head + lines.map((line) => `${printable(line)}\n`).join("");
}
