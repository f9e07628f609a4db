import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import { Scrolling } from "./scrolling.tsx";

export interface Column<Item> {
  readonly title: string;
  readonly cell: (item: Item) => ReactNode;
}

/** Rows of one kind; wider than the screen, it scrolls by itself. */
export function DataTable<Item>({
  label,
  items,
  keyOf,
  columns,
}: {
  readonly label: string;
  readonly items: readonly Item[];
  readonly keyOf: (item: Item) => string;
  readonly columns: readonly Column<Item>[];
}) {
  return (
    <Scrolling label={label}>
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title }) => (
              <Table.Th key={title}>{title}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {items.map((item) => (
            <Table.Tr key={keyOf(item)}>
              {columns.map(({ title, cell }) => (
                <Table.Td key={title} className="breaks">
                  {cell(item)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Scrolling>
  );
}
