/** A search that is asked for a moment after the last key; Enter or the arrow down leads on to what it found. */

import { useEffect, useRef, useState, type KeyboardEvent, type Ref } from "react";

import { SearchInput } from "./controls";

const PAUSE_MS = 250;

export function SearchText({
  label,
  value,
  onSearch,
  onLeave,
  className,
  ref,
}: {
  label: string;
  value: string;
  onSearch: (text: string) => void;
  onLeave?: () => void;
  className?: string;
  ref?: Ref<HTMLInputElement>;
}) {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  const latest = useRef(onSearch);
  useEffect(() => {
    latest.current = onSearch;
  });
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => latest.current(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  const hear = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === "ArrowDown") {
      event.preventDefault();
      if (text !== value) latest.current(text);
      onLeave?.();
    } else if (event.key === "Escape" && text !== "") {
      event.preventDefault();
      event.stopPropagation();
      setText("");
      latest.current("");
    }
  };
  return (
    <SearchInput
      {...(ref && { ref })}
      {...(className !== undefined && { className })}
      label={label}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onKeyDown={hear}
    />
  );
}
