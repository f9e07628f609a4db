import { SegmentedControl, useMantineColorScheme } from "@mantine/core";

export function ColorScheme() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <SegmentedControl
      fullWidth
      size="xs"
      aria-label="Colours"
      value={colorScheme}
      onChange={(value) => setColorScheme(value === "light" || value === "dark" ? value : "auto")}
      data={[
        { value: "light", label: "Light" },
        { value: "auto", label: "Auto" },
        { value: "dark", label: "Dark" },
      ]}
    />
  );
}
