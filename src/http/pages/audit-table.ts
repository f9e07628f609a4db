import type { AuditRow } from "../../audit/row.ts";
import { rfc3339 } from "../times.ts";
import { type Html, html } from "./html.ts";

/** What people and rules did to a run. */
export function auditTable(records: readonly AuditRow[]): Html {
  if (records.length === 0) return html`<p>Nothing is kept any more.</p>`;
  const rows = records.map((record) => {
    const { comment } = JSON.parse(record.detail) as Record<string, unknown>;
    const said = typeof comment === "string" ? comment : "";
    return html`<tr><td>${rfc3339(record.at)}</td><td>${record.principal}</td><td>${record.action}</td><td>${said}</td></tr>`;
  });
  return html`<table><thead><tr><th>When</th><th>Who</th><th>What</th><th></th></tr></thead><tbody>${rows}</tbody></table>`;
}
