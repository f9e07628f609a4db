import { Alert } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { addressFrom, useAddress } from "../../address.ts";
import { me, run } from "../../api/queries.ts";
import type { RunbookDetails } from "../../api/types.ts";
import { Answer } from "../answer.tsx";
import { FormBody } from "./form-body.tsx";
import { whoText } from "../plan/preview.tsx";
import { type Prefill, prefillOfAddress, prefillOfRun } from "./prefill.ts";

/** From the inputs to the plan, and from the plan to the run; who may not run it is told so before they fill in anything. */
export function RunForm({ runbook }: { readonly runbook: RunbookDetails }) {
  if (!runbook.may_start)
    return (
      <Alert color="gray" title="You cannot run this">
        {runbook.may_run.length === 0
          ? "Only rules and schedules start it. A person may when access.run of the runbook names them."
          : `It may be run by ${whoText(runbook.may_run)}. Ask one of them, or ask its owner to add you to access.run of the runbook.`}
      </Alert>
    );
  return <FilledForm runbook={runbook} />;
}

/** Waits for what the form begins with: an earlier run, and who is logged in. */
function FilledForm({ runbook }: { readonly runbook: RunbookDetails }) {
  const [address] = useAddress();
  const { from } = address;
  const person = useQuery(me());
  const earlier = useQuery({ ...run(from ?? ""), enabled: from !== undefined, retry: false });
  if (from !== undefined && earlier.data === undefined && earlier.error === null)
    return <Answer query={earlier}>{() => null}</Answer>;
  const byLink = prefillOfAddress(runbook.inputs, address);
  const byRun = earlier.data?.runbook === runbook.name ? prefillOfRun(runbook.inputs, earlier.data) : NOTHING;
  const prefill = {
    values: { ...byRun.values, ...byLink.values },
    leftOut: [...byRun.leftOut, ...byLink.leftOut],
  };
  return (
    <Answer query={person}>
      {({ id }) => (
        <>
          {from === undefined || earlier.data?.runbook === runbook.name ? null : (
            <Alert color="orange" role="status" title="The earlier run gave nothing">
              {earlier.error === null
                ? `Run ${from} is not one of ${runbook.name}.`
                : `Run ${from} could not be read: ${earlier.error.message}.`}{" "}
              The form is empty instead.
            </Alert>
          )}
          <FormBody
            key={addressFrom(address)}
            runbook={runbook}
            person={id}
            prefill={prefill}
            origin={from === undefined ? "by the link" : "from an earlier run"}
          />
        </>
      )}
    </Answer>
  );
}

const NOTHING: Prefill = { values: {}, leftOut: [] };
