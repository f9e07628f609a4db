import type { ReactNode } from "react";
import { Scrolling } from "./scrolling.tsx";

export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => ReactNode;
  /** Numbers stand below each other. */
  readonly align?: "end";
  /** The one that takes the room that is left. */
  readonly isWide?: boolean;
}

export interface DataTableProps<Item> {
  readonly label: string;
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly columns: readonly Column<Item>[];
}

/** Rows of one kind. On a phone each row stands as a card, with the name of the column before each value. */
export function DataTable<Item>({ label, items, keyOf, columns }: DataTableProps<Item>) {
  // The roles are told since a table that is laid out as cards is none for a screen reader otherwise.
  return (
    <Scrolling label={label}>
      <table className="table" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ title, align }) => (
              <th key={title} role="columnheader" scope="col" data-align={align}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {items.map((item) => (
            <tr key={keyOf(item)} role="row">
              {columns.map(({ title, cell, align, isWide }) => (
                <td
                  key={title}
                  role="cell"
                  className="breaks"
                  data-title={title}
                  data-align={align}
                  data-wide={isWide}
                >
                  <div>{cell(item)}</div>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolling>
  );
}
