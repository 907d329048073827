/** The colour of a run, and a choice of the palette's others. */

import { Check } from "lucide-react";
import { useState } from "react";

import { runColourVar, SLOTS } from "@/base/colours";

import styles from "./colour-picker.module.css";
import { Button } from "./controls";
import { Popover } from "./overlays";
import { Swatch } from "./values";

export interface ColourPickerProps {
  name: string;
  slot: number;
  /** the slot someone chose, if any */
  chosen: number | undefined;
  onChoose: (slot: number | undefined) => void;
}

export function ColourPicker({ name, slot, chosen, onChoose }: ColourPickerProps) {
  const [open, setOpen] = useState(false);
  const choose = (next: number | undefined) => {
    setOpen(false);
    onChoose(next);
  };
  return (
    <Popover
      label={`Colour of ${name}`}
      width={236}
      open={open}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          tabIndex={-1}
          className={styles["trigger"]}
          aria-label={`Colour of ${name}`}
          title="Change the colour"
          onClick={(event) => event.stopPropagation()}
        >
          <Swatch slot={slot} />
        </button>
      }
    >
      <div className={styles["colours"]} role="group" aria-label="Colours" onClick={(event) => event.stopPropagation()}>
        {Array.from({ length: SLOTS }, (_, at) => (
          <button
            key={at}
            type="button"
            aria-label={`Colour ${at + 1}`}
            aria-pressed={slot % SLOTS === at}
            style={{ background: runColourVar(at) }}
            onClick={() => choose(at)}
          >
            {slot % SLOTS === at && <Check size={14} aria-hidden />}
          </button>
        ))}
      </div>
      <Button small disabled={chosen === undefined} onClick={() => choose(undefined)}>
        The run’s own colour
      </Button>
    </Popover>
  );
}
