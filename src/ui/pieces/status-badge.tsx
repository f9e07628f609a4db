import { Badge } from "@mantine/core";

/** The colour only supports the word: each status is told by its text and its sign. */
const LOOKS: Readonly<
  Record<string, { readonly color: string; readonly sign: string; readonly text?: string }>
> = {
  queued: { color: "gray", sign: "○", text: "queued" },
  pending: { color: "gray", sign: "○" },
  waiting_person: { color: "yellow", sign: "?", text: "waits for a person" },
  running: { color: "blue", sign: "▶" },
  succeeded: { color: "teal", sign: "✓" },
  fixed: { color: "teal", sign: "✓" },
  resolved: { color: "teal", sign: "✓" },
  approved: { color: "teal", sign: "✓" },
  failed: { color: "red", sign: "✗" },
  timed_out: { color: "red", sign: "⏱", text: "timed out" },
  interrupted: { color: "red", sign: "!" },
  rejected: { color: "red", sign: "✗" },
  worse: { color: "red", sign: "!" },
  no_effect: { color: "orange", sign: "≈", text: "no effect" },
  firing: { color: "red", sign: "▲" },
  stale: { color: "orange", sign: "…" },
  unknown: { color: "orange", sign: "?" },
  cancelled: { color: "gray", sign: "⊘" },
  skipped: { color: "gray", sign: "→" },
  change: { color: "orange", sign: "✎" },
  destructive: { color: "red", sign: "⚠" },
  read: { color: "gray", sign: "◦" },
};

export function StatusBadge({ status }: { readonly status: string }) {
  const { color, sign, text } = LOOKS[status] ?? { color: "gray", sign: "·" };
  return (
    <Badge color={color} variant="light" tt="none" className="status-badge">
      <span aria-hidden="true">{sign} </span>
      {text ?? status.replaceAll("_", " ")}
    </Badge>
  );
}
