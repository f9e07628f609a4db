import { Alert } from "@mantine/core";
import type { GuardVerdict } from "../../api/types.ts";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import styles from "./plan.module.css";

/** Only those that do not let it pass, and until when. */
export function Guards({
  guards,
  stopped,
}: {
  readonly guards: readonly GuardVerdict[];
  /** What it means that one of them does not let it start. */
  readonly stopped: string;
}) {
  const held = guards.filter(({ verdict }) => verdict !== "passes");
  if (held.length === 0) return null;
  const isStopped = held.some(({ verdict }) => verdict !== "queues");
  return (
    <Alert color={isStopped ? "orange" : "gray"} title={isStopped ? stopped : "It will wait for its turn"}>
      <ul className={styles["guards"]}>
        {held.map(({ guard, text, retry_at: at }) => (
          <li key={guard} className="breaks">
            <Words text={guardText(guard, text)} />
            {at === null ? null : (
              <>
                {" "}
                (until <Time at={at} />)
              </>
            )}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

/** What a guard says, with its name where it does not begin with it. */
export function guardText(guard: string, text: string): string {
  const name = guard.replaceAll("_", " ");
  return text.startsWith(name) ? text : `${name}: ${text}`;
}
