import { resolve } from "node:path";
import {
  auditKeyFile,
  type AuditKeyFiles,
  type AuditKeys,
  makeAuditKey,
  readAuditKeys,
} from "../audit/keys.ts";
import type { Settings } from "./load.ts";

type KeySettings = Pick<Settings, "keys" | "folder" | "storagePath">;

/** The keys of a service, as its settings name them; its own one is made where there is none. Throws as {@link readAuditKeys} does. */
export function openAuditKeys(settings: KeySettings): AuditKeys {
  if (settings.keys.current === undefined) makeAuditKey(settings.storagePath);
  return readAuditKeys(auditKeyFiles(settings));
}

export function auditKeyFiles({ keys, folder, storagePath }: KeySettings): AuditKeyFiles {
  const { current, previous } = keys;
  return {
    current: current === undefined ? auditKeyFile(storagePath) : resolve(folder, current.file),
    previous: previous.map(({ file }) => resolve(folder, file)),
  };
}
