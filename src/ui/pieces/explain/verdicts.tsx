import { Button } from "@mantine/core";
import type { Explanation, GuardVerdict } from "../../api/types.ts";
import { RuleLink } from "../alert/decided.tsx";
import { guardWord } from "../decision-words.ts";
import { useOpened } from "../fold.tsx";
import { StatusSign } from "../status-badge.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import classes from "./trace.module.css";

type RuleVerdict = Explanation["rules"][number];

const VERDICTS: Readonly<Record<RuleVerdict["verdict"], readonly [word: string, status: string]>> = {
  matches: ["matches", "succeeded"],
  no: ["does not match", "none"],
  not_tried: ["is not tried", "skipped"],
  cannot_judge: ["cannot be judged", "failed"],
};

/** So many are shown whole; of more, those that matter. */
const SHOWN_MAX = 8;

/** Each rule in order, and why it acts on the alert or not. Of many, those that do not match are folded. */
export function Verdicts({ rules }: Pick<Explanation, "rules">) {
  const [isOpen, toggle] = useOpened("rules");
  const telling = rules.filter(({ verdict }) => verdict === "matches" || verdict === "cannot_judge");
  const isFolded = rules.length > SHOWN_MAX && !isOpen;
  const shown = isFolded ? telling : rules;
  return (
    <>
      <ol className={classes["rules"]} aria-label="Rules in the order in which they are tried">
        {shown.map((rule) => (
          <One key={rule.rule} rule={rule} />
        ))}
      </ol>
      {rules.length > SHOWN_MAX ? (
        <Button variant="default" size="xs" w="fit-content" aria-expanded={!isFolded} onClick={toggle}>
          {isFolded
            ? `Show the ${rules.length - telling.length} rules that do not match`
            : "Fold the rules that do not match"}
        </Button>
      ) : null}
    </>
  );
}

function One({ rule }: { readonly rule: RuleVerdict }) {
  const [word, status] = VERDICTS[rule.verdict];
  return (
    <li value={rule.position}>
      <span className={classes["position"]}>{rule.position}</span>
      <StatusSign status={status} />
      <div className="breaks">
        <RuleLink name={rule.rule} /> <span className="dim">({rule.mode})</span> {word}
        <span className="dim">
          : <Words text={rule.because} />
        </span>
        <Guards guards={rule.guards} />
      </div>
    </li>
  );
}

const GUARDS: Readonly<Record<GuardVerdict["verdict"], readonly [word: string, status: string]>> = {
  passes: ["passes", "succeeded"],
  queues: ["it waits in line", "queued"],
  delays: ["delayed", "expired"],
  refuses: ["refused", "rejected"],
};

/** What each guard of a rule that matches says. */
function Guards({ guards }: { readonly guards: readonly GuardVerdict[] }) {
  if (guards.length === 0) return null;
  return (
    <ul className={classes["guards"]} aria-label="Guards">
      {guards.map(({ guard, verdict, text, retry_at: retryAt }) => {
        const [word, status] = GUARDS[verdict];
        return (
          <li key={`${guard} ${text}`}>
            <StatusSign status={status} />
            <span>
              {guardWord(guard)}: {word}
              <span className="dim">
                , <Words text={text} />
                {retryAt === null ? null : (
                  <>
                    , until <Time at={retryAt} />
                  </>
                )}
              </span>
            </span>
          </li>
        );
      })}
    </ul>
  );
}
