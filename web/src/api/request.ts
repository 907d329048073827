/** One way to the server: addresses from <base href>, errors in one shape, cookies and CSRF header. */

export interface ApiErrorBody {
  code: string;
  message: string;
  request_id: string;
  fields?: Record<string, unknown>;
}

/** The server answered with an error, or could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly fields: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "ApiError";
  }

  get offline(): boolean {
    return this.status === 0;
  }
}

/** `/pfx/` of the page: where the server is mounted. */
export function basePath(): string {
  return new URL(document.baseURI).pathname.replace(/[^/]*$/, "");
}

export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(`api/v1${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "" || value === null) continue;
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  return url.href;
}

/** `/projects/a/b` from parts; names are data and may hold any character. */
export function path(...parts: string[]): string {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

export type Query = Record<string, string | number | boolean | null | undefined | readonly (string | number)[]>;

export interface Asked {
  query?: Query;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal | undefined;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

let onSignedOut: () => void = () => undefined;

/** What to do when the server no longer knows who we are (401). */
export function whenSignedOut(act: () => void): void {
  onSignedOut = act;
}

let onRefused: () => void = () => undefined;

/** What to do when a change is refused (403): what the pages think they may do is old. */
export function whenRefused(act: () => void): void {
  onRefused = act;
}

export async function send(method: Method, address: string, asked: Asked = {}): Promise<Response> {
  const headers: Record<string, string> = { Accept: asked.accept ?? "application/json" };
  if (method !== "GET") headers["X-Runstone"] = "1";
  if (asked.body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(apiUrl(address, asked.query), {
      method,
      headers,
      credentials: "same-origin",
      ...(asked.body !== undefined && { body: JSON.stringify(asked.body) }),
      ...(asked.signal && { signal: asked.signal }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "offline", "The server cannot be reached.", "");
  }
  if (response.ok) return response;
  const error = await errorOf(response);
  if (error.status === 401 && address !== "/session") onSignedOut();
  if (error.status === 403 && method !== "GET") onRefused();
  throw error;
}

/** The JSON answer. Its type comes from the resource files, which take it from the server's schema. */
export async function ask<T>(method: Method, address: string, asked: Asked = {}): Promise<T> {
  const response = await send(method, address, asked);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  const id = response.headers.get("X-Request-Id") ?? "";
  try {
    const { error } = (await response.json()) as { error: ApiErrorBody };
    return new ApiError(response.status, error.code, error.message, error.request_id || id, error.fields);
  } catch {
    return new ApiError(response.status, "unknown", `The server answered ${response.status}.`, id);
  }
}
