/** A key that is shown once: selected with a click, copied with another, gone when closed. */

import { X } from "lucide-react";

import { IconButton } from "./controls";
import { CopyButton } from "./feedback";
import styles from "./secret.module.css";

export function SecretOnce({ label, secret, onClose }: { label: string; secret: string; onClose: () => void }) {
  return (
    <div className={styles["box"]} role="status">
      <strong>{label}: copy it now, it is not shown again.</strong>
      <div className={styles["row"]}>
        <input
          readOnly
          aria-label={label}
          value={secret}
          onFocus={(event) => event.currentTarget.select()}
        />
        <CopyButton text={secret} label="Copy the key" />
        <IconButton small label="I have it" onClick={onClose}>
          <X size={14} aria-hidden />
        </IconButton>
      </div>
    </div>
  );
}
