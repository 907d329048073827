/** What floats: popovers, menus, dialogs, toasts. Radix keeps focus, Escape and roles right. */

import { X } from "lucide-react";
import { AlertDialog, Dialog as RadixDialog, DropdownMenu, Popover as RadixPopover } from "radix-ui";
import type { ReactNode } from "react";

import { dismiss, useToasts } from "@/model/toasts";

import { Button, IconButton } from "./controls";
import styles from "./overlays.module.css";

export function Popover({
  trigger,
  label,
  children,
  width = 320,
  align = "start",
  open,
  onOpenChange,
}: {
  trigger: ReactNode;
  label: string;
  children: ReactNode;
  width?: number;
  align?: "start" | "center" | "end";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  return (
    <RadixPopover.Root {...(open !== undefined && { open })} {...(onOpenChange && { onOpenChange })}>
      <RadixPopover.Trigger asChild>{trigger}</RadixPopover.Trigger>
      <RadixPopover.Portal>
        <RadixPopover.Content
          aria-label={label}
          className={styles["popover"]}
          style={{ width, maxWidth: "calc(100vw - 16px)" }}
          align={align}
          sideOffset={4}
          collisionPadding={8}
        >
          {children}
        </RadixPopover.Content>
      </RadixPopover.Portal>
    </RadixPopover.Root>
  );
}

export function Menu({
  trigger,
  children,
  align = "start",
}: {
  trigger: ReactNode;
  children: ReactNode;
  align?: "start" | "end";
}) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className={styles["menu"]} align={align} sideOffset={4} collisionPadding={8}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

export function MenuItem({
  children,
  onSelect,
  tone = "plain",
  disabled = false,
  asChild = false,
}: {
  children: ReactNode;
  onSelect?: () => void;
  tone?: "plain" | "danger";
  disabled?: boolean;
  asChild?: boolean;
}) {
  return (
    <DropdownMenu.Item
      className={styles["item"]}
      data-tone={tone}
      disabled={disabled}
      asChild={asChild}
      {...(onSelect && { onSelect })}
    >
      {children}
    </DropdownMenu.Item>
  );
}

export function MenuHeading({ children }: { children: ReactNode }) {
  return <DropdownMenu.Label className={styles["heading"]}>{children}</DropdownMenu.Label>;
}

export function MenuSeparator() {
  return <DropdownMenu.Separator className={styles["separator"]} />;
}

export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  description?: string;
  children: ReactNode;
}) {
  return (
    <RadixDialog.Root open={open} onOpenChange={onOpenChange}>
      <RadixDialog.Portal>
        <RadixDialog.Overlay className={styles["veil"]} />
        <RadixDialog.Content
          className={styles["dialog"]}
          {...(description === undefined && { "aria-describedby": undefined })}
        >
          <div className={styles["dialogHead"]}>
            <RadixDialog.Title asChild>
              <h2>{title}</h2>
            </RadixDialog.Title>
            <RadixDialog.Close asChild>
              <IconButton label="Close">
                <X size={16} aria-hidden />
              </IconButton>
            </RadixDialog.Close>
          </div>
          {description !== undefined && <RadixDialog.Description>{description}</RadixDialog.Description>}
          {children}
        </RadixDialog.Content>
      </RadixDialog.Portal>
    </RadixDialog.Root>
  );
}

/** Asks before something is deleted or promoted: names the object and what else is affected. */
export function Confirm({
  open,
  onOpenChange,
  title,
  children,
  action,
  danger = true,
  onConfirm,
}: {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: string;
  children: ReactNode;
  action: string;
  danger?: boolean;
  onConfirm: () => void;
}) {
  return (
    <AlertDialog.Root open={open} onOpenChange={onOpenChange}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className={styles["veil"]} />
        <AlertDialog.Content className={styles["dialog"]}>
          <AlertDialog.Title asChild>
            <h2>{title}</h2>
          </AlertDialog.Title>
          <AlertDialog.Description asChild>
            <div>{children}</div>
          </AlertDialog.Description>
          <div className={styles["actions"]}>
            <AlertDialog.Cancel asChild>
              <Button>Cancel</Button>
            </AlertDialog.Cancel>
            <AlertDialog.Action asChild>
              <Button tone={danger ? "danger" : "primary"} onClick={onConfirm}>
                {action}
              </Button>
            </AlertDialog.Action>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}

export function Toaster() {
  const toasts = useToasts((state) => state.toasts);
  return (
    <div className={styles["toasts"]} role="region" aria-label="Messages" aria-live="polite">
      {toasts.map((one) => (
        <div key={one.id} className={styles["toast"]} data-tone={one.tone}>
          <span>{one.text}</span>
          {one.action && (
            <Button
              small
              onClick={() => {
                one.action?.run();
                dismiss(one.id);
              }}
            >
              {one.action.label}
            </Button>
          )}
          <IconButton small label="Dismiss" onClick={() => dismiss(one.id)}>
            <X size={14} aria-hidden />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
