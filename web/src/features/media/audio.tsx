/** Sound: the browser's player, and the shape of the sound above it, to see and to jump in. */

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import type { MediaItem } from "@/base/media";
import { formatNumber } from "@/base/numbers";
import { useTheme } from "@/model/theme";

import styles from "./media.module.css";
import { bytesQuery, urlOf, type Place } from "./place";

const DECODED_BYTES_MAX = 24 * 1024 * 1024;
const BARS = 400;

export function AudioView({ item, place, label }: { item: MediaItem; place: Place; label: string }) {
  const player = useRef<HTMLAudioElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState(0);
  const theme = useTheme((state) => state.theme);
  const small = item.bytes <= DECODED_BYTES_MAX;
  const file = useQuery({ ...bytesQuery(place, item.path, DECODED_BYTES_MAX), enabled: small });
  const wave = useQuery({
    queryKey: ["waveform", place.entity, place.project, place.run, item.path],
    queryFn: () => waveform((file.data ?? new ArrayBuffer(0)).slice(0)),
    enabled: file.data !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const found = wave.data;
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !found) return;
    const ratio = window.devicePixelRatio || 1;
    element.width = element.clientWidth * ratio;
    element.height = element.clientHeight * ratio;
    const style = getComputedStyle(element);
    const [played, ahead] = [style.getPropertyValue("--accent"), style.getPropertyValue("--line-strong")];
    const [width, height] = [element.width, element.height];
    context.clearRect(0, 0, width, height);
    const edge = found.seconds > 0 ? (at / found.seconds) * BARS : 0;
    found.peaks.forEach((peak, bar) => {
      context.fillStyle = bar < edge ? played : ahead;
      const tall = Math.max(ratio, peak * height);
      context.fillRect((bar * width) / BARS, (height - tall) / 2, Math.max(1, width / BARS - ratio * 0.5), tall);
    });
  }, [found, at, theme]);
  const seconds = found?.seconds ?? 0;
  return (
    <div className={styles["audio"]}>
      {found ? (
        <canvas
          ref={canvas}
          className={styles["wave"]}
          role="img"
          aria-label={`Waveform of ${item.caption || label}, ${formatNumber(seconds)} seconds`}
          onClick={(event) => {
            const box = event.currentTarget.getBoundingClientRect();
            if (player.current) player.current.currentTime = ((event.clientX - box.left) / box.width) * seconds;
          }}
        />
      ) : (
        <div className={styles["wave"]}>
          {wave.error || file.error ? "The waveform could not be drawn; the sound may still play." : ""}
        </div>
      )}
      <audio
        ref={player}
        controls
        preload="metadata"
        src={urlOf(place, item.path)}
        aria-label={item.caption || label}
        onTimeUpdate={(event) => setAt(event.currentTarget.currentTime)}
      />
    </div>
  );
}

/** The loudest sample of each of BARS equal parts, over all channels; 0…1. */
async function waveform(bytes: ArrayBuffer): Promise<{ peaks: number[]; seconds: number }> {
  const decoded = await new OfflineAudioContext(1, 1, 44_100).decodeAudioData(bytes);
  const peaks = new Array<number>(BARS).fill(0);
  for (let channel = 0; channel < decoded.numberOfChannels; channel++) {
    const samples = decoded.getChannelData(channel);
    for (let at = 0; at < samples.length; at++) {
      const bar = Math.floor((at * BARS) / samples.length);
      const loud = Math.abs(samples[at] ?? 0);
      if (loud > (peaks[bar] ?? 0)) peaks[bar] = Math.min(1, loud);
    }
  }
  return { peaks, seconds: decoded.duration };
}
