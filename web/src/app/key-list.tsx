import { useShortcuts, type Shortcut } from "@/model/shortcuts";
import { Kbd } from "@/widgets/controls";
import { Dialog } from "@/widgets/overlays";

import styles from "./key-list.module.css";

export function keyWords(keys: string): string[] {
  const mac = navigator.userAgent.includes("Mac OS");
  return keys
    .split(" ")
    .map((key) =>
      key
        .replace(/^mod\+(.)$/, (_, letter: string) => (mac ? "⌘ " : "Ctrl ") + letter.toUpperCase())
        .replace("space", "Space")
        .replace("Escape", "Esc"),
    );
}

export function KeyList({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const entries = useShortcuts((state) => state.entries);
  const groups = new Map<string, Shortcut[]>();
  for (const entry of entries.values()) {
    if (entry.keys !== "") groups.set(entry.group, [...(groups.get(entry.group) ?? []), entry]);
  }
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keys" description="None of them act while you type in a field.">
      <div className={styles["groups"]}>
        {[...groups].map(([group, list]) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {list.map((entry) => (
                <div key={entry.label}>
                  <dt>
                    {keyWords(entry.keys).map((key, at) => (
                      <Kbd key={at}>{key}</Kbd>
                    ))}
                  </dt>
                  <dd>{entry.label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
