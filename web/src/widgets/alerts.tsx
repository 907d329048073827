/** What runs raised alerts about, newest first. Level is an icon and a word, never colour alone. */

import { CircleAlert, Info, TriangleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

import type { Alert } from "@/api/alerts";

import styles from "./alerts.module.css";
import { Time } from "./values";

const LEVELS: Record<Alert["level"], { icon: LucideIcon; word: string }> = {
  INFO: { icon: Info, word: "info" },
  WARN: { icon: TriangleAlert, word: "warning" },
  ERROR: { icon: CircleAlert, word: "error" },
};

export function AlertList({ alerts, link }: { alerts: readonly Alert[]; link?: (alert: Alert) => ReactNode }) {
  return (
    <ul className={styles["list"]}>
      {alerts.map((alert, at) => {
        const { icon: Icon, word } = LEVELS[alert.level];
        return (
          <li key={`${alert.at} ${at}`} data-level={alert.level}>
            <span className={styles["level"]}>
              <Icon size={14} aria-hidden /> {word}
            </span>
            <div>
              <strong>{alert.title}</strong>
              {alert.text !== "" && <p>{alert.text}</p>}
              <span className={styles["where"]}>
                {link?.(alert)} <Time at={alert.at} />
              </span>
            </div>
          </li>
        );
      })}
    </ul>
  );
}
