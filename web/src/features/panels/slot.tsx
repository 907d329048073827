/** A panel's place: filled shortly before it is on screen, emptied when it is two screens away. */

import { useEffect, useRef, useState, type ReactNode } from "react";

import styles from "./sections.module.css";

const NEAR = "200px 0px";
const FAR = "200% 0px";

export function Slot({ height, title, children }: { height: number; title: string; children: () => ReactNode }) {
  const place = useRef<HTMLDivElement>(null);
  const [filled, setFilled] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const root = element.closest("[data-scroller]");
    const near = new IntersectionObserver(
      (entries) => {
        if (entries.at(-1)?.isIntersecting) setFilled(true);
      },
      { root, rootMargin: NEAR },
    );
    const far = new IntersectionObserver(
      (entries) => {
        if (entries.at(-1)?.isIntersecting === false) setFilled(false);
      },
      { root, rootMargin: FAR },
    );
    near.observe(element);
    far.observe(element);
    return () => {
      near.disconnect();
      far.disconnect();
    };
  }, []);
  return (
    <div ref={place} className={styles["slot"]} style={{ height }}>
      {filled ? children() : <div className={styles["placeholder"]}>{title}</div>}
    </div>
  );
}
