/** Of many versions the newest are to choose from; any other is named. */

import { useState, type SyntheticEvent } from "react";

import bar from "./bar.module.css";
import { Button, TextInput } from "./controls";

export function AnyVersion({ label, onChoose }: { label: string; onChoose: (version: string) => void }) {
  const [text, setText] = useState("");
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (text.trim() !== "") onChoose(text.trim());
  };
  return (
    <form className={bar["bar"]} onSubmit={submit}>
      <TextInput aria-label={label} placeholder="or v3, or an alias" value={text} onChange={(event) => setText(event.target.value)} />
      <Button small type="submit" disabled={text.trim() === ""}>
        Compare
      </Button>
    </form>
  );
}
