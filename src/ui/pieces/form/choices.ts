/**
 * The list of a field stands in the page, beside its field: a screen reader finds it among the landmarks, and the list itself is what
 * scrolls.
 */
export const CHOICES = {
  comboboxProps: { withinPortal: false },
  withScrollArea: false,
  styles: { options: { maxHeight: 280, overflowY: "auto" } },
} as const;
