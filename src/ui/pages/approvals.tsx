import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { addressFrom, useAddress } from "../address.ts";
import { approvals } from "../api/queries.ts";
import { Answer } from "../pieces/answer.tsx";
import { ApprovalsList } from "../pieces/approval/list.tsx";
import { Page, Section } from "../pieces/page.tsx";
import { Paging } from "../pieces/paging.tsx";

/** What people are asked: what waits for whoever looks first, then what waits for others, then what was decided. */
export function ApprovalsPage() {
  const [{ after }] = useAddress();
  const query = useQuery({
    ...approvals(addressFrom({ limit: "50", after }).slice(1)),
    placeholderData: keepPreviousData,
  });
  return (
    <Page title="Approvals">
      <Answer query={query} lines={8}>
        {({ items, next }) => {
          const pending = items.filter(({ status }) => status === "pending");
          const others = pending.filter((one) => !one.may_decide);
          return (
            <>
              <Section title="For you">
                <ApprovalsList
                  approvals={pending.filter((one) => one.may_decide)}
                  none="Nothing waits for you. When something does, its number stands beside Approvals."
                />
              </Section>
              {others.length === 0 ? null : (
                <Section title="For others">
                  <ApprovalsList approvals={others} />
                </Section>
              )}
              <Section title="Decided">
                <ApprovalsList
                  approvals={items.filter(({ status }) => status !== "pending")}
                  none="Nothing was decided yet."
                />
                <Paging next={next} />
              </Section>
            </>
          );
        }}
      </Answer>
    </Page>
  );
}
