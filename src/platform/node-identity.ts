import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isId, newId } from "./ids.ts";

/** The id of this node: made once, kept in its data folder, so that after a restart it knows its own runs. */
export function readNodeId(folder: string): string {
  const file = join(folder, "node-id");
  if (existsSync(file)) {
    const id = readFileSync(file, "utf8").trim();
    if (isId(id)) return id;
    throw new Error(`${file} holds no node id; restore it, or remove it if no run of this node is under way`);
  }
  const id = newId();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${id}\n`, { mode: 0o600, flag: "wx", flush: true });
  return id;
}
