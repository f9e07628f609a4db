import type { RunbookDetails } from "../../api/types.ts";
import { RuleLink } from "../alert/decided.tsx";
import { Facts } from "../facts.tsx";
import { Link } from "../link.tsx";
import { StatusBadge } from "../status-badge.tsx";
import { secondsText, When } from "../time.tsx";
import { endsText, fixedText } from "./ends.ts";

/** Whose it is, how it went of late, and what else starts it. */
export function RunbookFacts({ runbook: one }: { readonly runbook: RunbookDetails }) {
  const { last_run: last, expected_duration: expected, started_by: starters } = one;
  return (
    <Facts
      facts={[
        ["Name", one.name],
        ["Owner", one.owner ?? "nobody is named"],
        [
          "Tags",
          one.tags.length === 0 ? null : (
            <span key="tags">
              {one.tags.map((tag, index) => (
                <span key={tag}>
                  {index === 0 ? "" : ", "}
                  <Link to="/runbooks" search={{ tag }}>
                    {tag}
                  </Link>
                </span>
              ))}
            </span>
          ),
        ],
        ["May run it", one.may_run.length === 0 ? "rules and schedules only" : one.may_run.join(", ")],
        [
          "Last run",
          last === null ? (
            "none yet"
          ) : (
            <span key="last">
              <Link to="/runs/$id" params={{ id: last.id }}>
                <StatusBadge status={last.outcome ?? last.status} />
              </Link>{" "}
              <When at={last.finished_at ?? last.created_at} />
            </span>
          ),
        ],
        ["30 days", [endsText(one), fixedText(one)].filter((text) => text !== "").join("; ")],
        [
          "Takes",
          expected === null
            ? "known after three runs that succeeded"
            : `about ${secondsText(expected.median_seconds)}, nine of ten at most ${secondsText(expected.p90_seconds)}`,
        ],
        [
          "Rules",
          starters === null ? null : starters.rules.length === 0 ? (
            "none"
          ) : (
            <Rules key="rules" names={starters.rules} />
          ),
        ],
        [
          "Schedules",
          starters === null ? null : starters.schedules.length === 0 ? (
            "none"
          ) : (
            <Link key="schedules" to="/schedules">
              {starters.schedules.join(", ")}
            </Link>
          ),
        ],
      ]}
    />
  );
}

function Rules({ names }: { readonly names: readonly string[] }) {
  return names.map((name, index) => (
    <span key={name}>
      {index === 0 ? "" : ", "}
      <RuleLink name={name} />
    </span>
  ));
}
