import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Answer, ProblemAlert, useLastError } from "./answer.tsx";
import { Page, type PageProps } from "./page.tsx";

export interface AnswerPageProps<Data> {
  readonly query: UseQueryResult<Data>;
  /** The list that it is one of: the way on for whoever followed a link to something that is gone. */
  readonly of: NonNullable<PageProps["of"]>;
  readonly children: (data: Data) => ReactNode;
}

/**
 * A page about one thing; where it cannot be had, a page that says why. The children have the thing's id as their key: what was typed or opened
 * for one is never there for the next.
 */
export function AnswerPage<Data>({ query, of, children }: AnswerPageProps<Data>) {
  const error = useLastError(query);
  if (query.data === undefined && error !== null)
    return (
      <Page of={of} title="This cannot be shown">
        <ProblemAlert error={error} onAgain={() => void query.refetch()} />
      </Page>
    );
  return (
    <Answer query={query} lines={12}>
      {children}
    </Answer>
  );
}
