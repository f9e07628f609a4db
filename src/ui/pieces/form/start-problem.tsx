import { Alert, Text } from "@mantine/core";
import { ApiError } from "../../api/client.ts";
import { ProblemAlert } from "../answer.tsx";
import { Time } from "../time.tsx";
import { Words } from "../words.tsx";
import { type FieldError, focusField } from "./errors.ts";
import { guardText } from "../plan/guards.tsx";
import styles from "../plan/plan.module.css";
import { whoText } from "../plan/preview.tsx";

/** Why it was not planned or started, and what to do next. */
export function StartProblem({
  error,
  errors,
}: {
  readonly error: Error;
  /** What stands at fields. */
  readonly errors: readonly FieldError[];
}) {
  if (errors.length > 0) return <ErrorSummary error={error} errors={errors} />;
  if (!(error instanceof ApiError)) return <ProblemAlert error={error} />;
  if (error.status === 0)
    return (
      <Alert color="red" title="No answer" role="alert">
        What you have filled in stays here. Try again when the service answers: a run that was started already
        is not started twice.
      </Alert>
    );
  if ("may_run" in error.members)
    return (
      <Alert color="red" title="You may not run it" role="alert">
        It may be run by {whoText((error.members["may_run"] as readonly string[] | undefined) ?? [])}.
      </Alert>
    );
  if ("against" in error.members) return <HeldBack error={error} />;
  return <ProblemAlert error={error} />;
}

/** Everything that is wrong, said at once; each leads to its field. */
function ErrorSummary({ error, errors }: { readonly error: Error; readonly errors: readonly FieldError[] }) {
  const title =
    errors.length === 1 ? "One field needs another value" : `${errors.length} fields need another value`;
  return (
    <Alert
      color="red"
      title={error instanceof ApiError && error.status === 422 ? title : error.message}
      role="alert"
    >
      <ul className={styles["errors"]}>
        {errors.map(({ field, label, message }) => (
          <li key={`${label} ${message}`} className="breaks">
            {field === null ? (
              <>
                <Words text={label} />: <Words text={message} />
              </>
            ) : (
              <button type="button" onClick={() => focusField(field)}>
                <Words text={label} />: <Words text={message} />
              </button>
            )}
          </li>
        ))}
      </ul>
    </Alert>
  );
}

interface Against {
  readonly reason: string;
  readonly text: string;
}

/** Guards speak against it: nothing was started, and nothing has to be typed again. */
function HeldBack({ error }: { readonly error: ApiError }) {
  const { against, retry_at: retryAt } = error.members as {
    readonly against: readonly Against[];
    readonly retry_at: string | null;
  };
  return (
    <Alert color="orange" title="Nothing was started: something speaks against it now" role="alert">
      <ul className={styles["guards"]}>
        {against.map(({ reason, text }) => (
          <li key={reason} className="breaks">
            <Words text={guardText(reason, text)} />
          </li>
        ))}
      </ul>
      <Text size="sm" mt={4}>
        {retryAt === null ? (
          "Press Run it again when that is over; what you have filled in stays here."
        ) : (
          <>
            Press Run it again after <Time at={retryAt} />; what you have filled in stays here.
          </>
        )}
      </Text>
    </Alert>
  );
}
