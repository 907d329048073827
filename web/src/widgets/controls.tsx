/** Buttons and fields: one height, one focus ring, a name for everything. */

import { Search } from "lucide-react";
import type { ButtonHTMLAttributes, InputHTMLAttributes, MouseEvent, ReactNode, Ref, SelectHTMLAttributes } from "react";

import type { Right } from "@/api/types";
import { toast } from "@/model/toasts";

import styles from "./controls.module.css";

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  tone?: "plain" | "primary" | "danger" | "quiet";
  small?: boolean;
  /** Where the session may not do it the button stays, and can be reached, to say why: by its title, which
   * is its description too, and in a message when it is pressed (a finger sees no title). */
  may?: Right | undefined;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ tone = "plain", small = false, className = "", may, disabled, title, onClick, ...rest }: ButtonProps) {
  const reason = refusalOf(may);
  return (
    <button
      type="button"
      data-tone={tone}
      className={`${styles["button"]} ${small ? styles["small"] : ""} ${className}`}
      {...rest}
      {...(reason === undefined
        ? { disabled: disabled === true || may?.allowed === false, title, onClick }
        : {
            "aria-disabled": true,
            title: reason,
            onClick: (event: MouseEvent<HTMLButtonElement>) => {
              event.preventDefault(); // neither the form nor the menu that it would open
              event.stopPropagation();
              toast(reason, { tone: "bad" });
            },
          })}
    />
  );
}

/** Why it is refused; undefined where it is not, or where that is not known yet. */
export function refusalOf(may: Right | undefined): string | undefined {
  return may && !may.allowed && may.reason !== "" ? may.reason : undefined;
}

/** The class of a button, for links that look like one. */
export const buttonClass = styles["button"] ?? "";

export interface IconButtonProps extends Omit<ButtonProps, "children"> {
  /** Read aloud, and shown as the title. */
  label: string;
  children: ReactNode;
}

export function IconButton({ label, children, className = "", tone = "quiet", title = label, ...rest }: IconButtonProps) {
  return (
    <Button aria-label={label} title={title} tone={tone} className={`${styles["icon"]} ${className}`} {...rest}>
      {children}
    </Button>
  );
}

export function Field({ label, hint, children }: { label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <label className={styles["field"]}>
      <span>{label}</span>
      {children}
      {hint !== undefined && <span>{hint}</span>}
    </label>
  );
}

export function TextInput({ className = "", ...rest }: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return <input className={`${styles["input"]} ${className}`} autoComplete="off" spellCheck={false} {...rest} />;
}

export function TextArea({ className = "", ...rest }: React.TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea className={`${styles["input"]} ${className}`} spellCheck={false} {...rest} />;
}

export function SearchInput({
  label,
  className = "",
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { label: string; ref?: Ref<HTMLInputElement> }) {
  return (
    <div className={`${styles["search"]} ${className}`}>
      <Search size={14} aria-hidden />
      <TextInput type="search" aria-label={label} placeholder={label} {...rest} />
    </div>
  );
}

export interface Option<T extends string> {
  value: T;
  label: string;
}

export function Select<T extends string>({
  label,
  options,
  value,
  onChoose,
  className = "",
  ...rest
}: Omit<SelectHTMLAttributes<HTMLSelectElement>, "onChange" | "value"> & {
  label: string;
  options: readonly Option<T>[];
  value: T;
  onChoose: (value: T) => void;
}) {
  return (
    <select
      aria-label={label}
      className={`${styles["select"]} ${className}`}
      value={value}
      onChange={(event) => onChoose(event.target.value as T)}
      {...rest}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

/** A few choices, all in sight. */
export function Segments<T extends string>({
  label,
  options,
  value,
  onChoose,
}: {
  label: string;
  options: readonly Option<T>[];
  value: T;
  onChoose: (value: T) => void;
}) {
  return (
    <div role="radiogroup" aria-label={label} className={styles["segments"]}>
      {options.map((option, at) => (
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          tabIndex={option.value === value ? 0 : -1}
          onClick={() => onChoose(option.value)}
          onKeyDown={(event) => {
            const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
            const next = options[(at + step + options.length) % options.length];
            if (step === 0 || !next) return;
            event.preventDefault();
            onChoose(next.value);
            const sibling = step > 0 ? event.currentTarget.nextElementSibling : event.currentTarget.previousElementSibling;
            if (sibling instanceof HTMLElement) sibling.focus();
          }}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}

export function Checkbox({ label, may, disabled, title, ...rest }: { label: ReactNode; may?: Right } & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <label className={styles["check"]}>
      <input type="checkbox" {...rest} title={refusalOf(may) ?? title} disabled={disabled === true || may?.allowed === false} />
      <span>{label}</span>
      {refusalOf(may) !== undefined && <span className={styles["why"]}>{refusalOf(may)}</span>}
    </label>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd className={styles["kbd"]}>{children}</kbd>;
}
