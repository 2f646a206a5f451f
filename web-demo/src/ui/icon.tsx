// The few signs of the page, drawn as lines on a grid of 16.
import type { JSX } from "solid-js";

const PATHS = {
  open: "M2.5 12.5v-9h4l1.5 2h5.5v7z",
  verify: "M8 1.8 13 4v4c0 3-2 5-5 6.2C5 13 3 11 3 8V4zM5.7 8l1.7 1.7L10.6 6.4",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  done: "M3 8.5 6.5 12 13 4.5",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.4 10.4 14 14",
  sun: "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  moon: "M13.3 9.6A5.6 5.6 0 0 1 6.4 2.7a5.6 5.6 0 1 0 6.9 6.9z",
  down: "M8 2.5v8M4.5 7.5 8 11l3.5-3.5M3 13.5h10",
  right: "M6 3.5 10.5 8 6 12.5",
  warning: "M8 2.2 14.4 13.4H1.6zM8 6.4v3.4M8 11.4v.6",
  note: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 7.2v4M8 4.7v.7",
  up: "M3.5 10 8 5.5l4.5 4.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon(props: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={props.size ?? 15} height={props.size ?? 15} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  );
}

/** The sign of a state: a filled disc, a triangle, a ring of dashes, a ring. */
export function Sign(props: { tone: "intact" | "damaged" | "unchecked" | "plain"; size?: number }): JSX.Element {
  return (
    <svg class={`sign ${props.tone}`} width={props.size ?? 13} height={props.size ?? 13} viewBox="0 0 16 16" aria-hidden="true">
      {props.tone === "damaged" ? (
        <>
          <path class="fill" d="M8 1 15.6 14.6H.4z" />
          <path class="cut" d="M8 6v4M8 11.6v1.2" />
        </>
      ) : props.tone === "intact" ? (
        <>
          <circle class="fill" cx="8" cy="8" r="7" />
          <path class="cut" d="M4.8 8.3 7 10.5l4.3-4.8" />
        </>
      ) : (
        <circle class="ring" cx="8" cy="8" r="6" />
      )}
    </svg>
  );
}

/** The sign of the page: layers, and what is kept in them. */
export function Brand(): JSX.Element {
  return (
    <svg class="brand-sign" width="18" height="18" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 8h24M4 16h7M21 16h7M4 24h24" />
      <circle cx="16" cy="16" r="3.4" />
    </svg>
  );
}
